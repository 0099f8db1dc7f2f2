"""What is to be reviewed, in order: doubtful labels, pictures of a class, of a folder, or to label next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from weldon.data.corrections import joined_table, label_of
from weldon.errors import UsageError
from weldon.evaluation.selection import pixels_as_trained
from weldon.inference.result import Result
from weldon.review.label_next import next_images
from weldon.review.run_maps import read_run_maps
from weldon.review.suspect_search import Search, search_maps
from weldon.runs.run_directory import RunDirectory
from weldon.serve.label_book import LabelBook
from weldon.serve.run_images import RunImages

NEXT = 200  # pictures to label next
KINDS = ("suspects", "next", "class", "folder")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at.

    Args:
        number: of the picture.
        class_name: the class in question; None: any of them.
        chance: that the class is present, by a head that did not learn from the picture; None: not known.
        doubt: how probable it is that the label is wrong; None: not known.
        chances: that each class is present, by the run itself, for a picture that it did not learn from.
    """

    number: int
    class_name: str | None
    chance: float | None = None
    doubt: float | None = None
    chances: Mapping[str, float] = field(default_factory=dict, hash=False)


def class_queue(images: RunImages, class_name: str, chances: Mapping[int, float]) -> list[Item]:
    """Return every picture of the table for one class, the most doubtful label first.

    Without chances, the pictures that are said to show the class come first, then the unknown ones.

    Args:
        images: the pictures.
        class_name: the class.
        chances: of pictures, by number, where they are known.
    """
    order = {"present": 0, "unknown": 1, "absent": 2}

    def place(number: int) -> tuple[float, int]:
        label = label_of(images.records[number], class_name)
        chance = chances.get(number)
        doubt = 0.0 if chance is None else {"present": 1 - chance, "absent": chance}.get(label, 0.5)
        return -doubt, order[label]

    numbers = sorted(range(images.labelled), key=place)
    return [Item(number, class_name, chances.get(number)) for number in numbers]


def folder_queue(images: RunImages, folder: str) -> list[Item]:
    """Return the pictures below a folder in the order of their names.

    Raises:
        UsageError: no such folder.
    """
    if folder not in images.folders:
        raise UsageError(f"folder must be one of /api/folders, or empty for all, got {folder[:200]!r}")
    return [Item(number, None) for number in images.inside(folder)]


def described(items: Sequence[Item], images: RunImages, book: LabelBook) -> list[dict[str, Any]]:
    """Return items as plain values, with the labels as they are by now."""
    reviewed = book.page().reviewed
    return [_described(item, images, book, reviewed) for item in items]


def _described(
    item: Item, images: RunImages, book: LabelBook, reviewed: frozenset[tuple[str, str]]
) -> dict[str, Any]:
    record, labels = images.records[item.number], book.labels(item.number)
    return {
        "number": item.number,
        "file_name": record.file_name,
        "split": record.split,
        "class": item.class_name,
        "chance": item.chance,
        "doubt": item.doubt,
        "chances": dict(item.chances),
        "from": None if item.class_name is None else labels[item.class_name],
        "labels": labels,
        "reviewed": [name for name in book.classes if (images.key(item.number), name) in reviewed],
        "own": item.number < images.labelled,
    }


def count_reviewed(items: Sequence[Item], images: RunImages, book: LabelBook) -> int:
    """Return how many items somebody has spoken of."""
    reviewed = book.page().reviewed
    files = {file for file, _ in reviewed}
    return sum(
        (images.key(item.number), item.class_name) in reviewed
        if item.class_name is not None
        else images.key(item.number) in files
        for item in items
    )


def next_queue(
    run: RunDirectory, corrections: Path, photos: Path | None, images: RunImages, *, device: str
) -> list[Item]:
    """Return the pictures to label next, the first one first.

    Args:
        run: its folder.
        corrections: pictures of ``photos`` that people labelled, in the table beside it, are not asked again.
        photos: the folder that joined, or None.
        images: the pictures of the page.
        device: where to compute.

    Raises:
        UsageError: no folder joined.
        DataError: pictures that cannot be used, or all of them are labelled already.
    """
    if photos is None:
        raise UsageError(
            "the page knows no pictures without labels: start it with --photos FOLDER, as "
            f"weldon serve {run.path} --photos new_photos/"
        )
    numbers = {record.path.resolve(): number for number, record in enumerate(images.records)}
    made = corrections if corrections.is_file() or joined_table(corrections).is_file() else None
    chosen = [
        (numbers.get(image.path.resolve()), image.probabilities)
        for image in next_images(run, photos, count=NEXT, corrections=made, device=device)
    ]
    return [Item(n, None, chances=chances) for n, chances in chosen if n is not None]  # none that came since


@dataclass(frozen=True, eq=False)
class Doubts:
    """What cross-fitted heads say about every picture of the table.

    Args:
        search: the heads and their scores.
        numbers: the number of each picture of the search, in its order.
        places: the place of each picture in the search, by its number.
        probabilities: ``(N, C)`` of every picture and class, by a head that had not seen it.
        suspects: the labels that are more likely wrong than right, the most doubtful first.
    """

    search: Search
    numbers: tuple[int, ...]
    places: dict[int, int]
    probabilities: Tensor
    suspects: list[Item]

    @property
    def expected(self) -> float | None:
        """How many labels are wrong, of those not reviewed, give or take half; None of few images."""
        return self.search.expected

    def chances(self, class_name: str) -> dict[int, float]:
        """Return how likely a class is in each picture, by the picture's number."""
        column = self.search.maps.decision.index(class_name)
        return dict(zip(self.numbers, self.probabilities[:, column].tolist(), strict=True))

    def result(self, number: int) -> Result | None:
        """Return what the head that had not seen a picture says about it, None for other pictures."""
        place = self.places.get(number)
        return None if place is None else self.search.result(place)


def find_doubts(run: RunDirectory, corrections: Path, images: RunImages, *, device: str) -> Doubts:
    """Return the doubtful labels of a run.

    Args:
        run: its folder.
        corrections: labels that people spoke of are no suspects; the table need not be there.
        images: the pictures of the page.
        device: where to compute.

    Raises:
        DataError: images or labels that cannot be used.
    """
    made = corrections if corrections.is_file() else None
    with pixels_as_trained(run):
        search = search_maps(read_run_maps(run, corrections=made, device=device))
    by_path = {record.path: number for number, record in enumerate(images.records[: images.labelled])}
    numbers = tuple(by_path.get(record.path, -1) for record in search.maps.records)
    probabilities = search.decision.probabilities(search.fit.scores)
    classes = search.maps.decision.classes
    suspects = [
        Item(
            numbers[place],
            classes[column],
            float(probabilities[place, column]),
            float(search.against[place, column].sigmoid()),
        )
        for place, column in search.cells()
        if numbers[place] >= 0
    ]
    places = {number: place for place, number in enumerate(numbers)}
    return Doubts(search, numbers, places, probabilities, suspects)
