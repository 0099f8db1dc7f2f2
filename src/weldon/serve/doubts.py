"""Labels that the run contradicts, by heads that did not learn from the picture in question."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from weldon.inference.result import Result
from weldon.review.suspect_search import Search, search_suspects
from weldon.runs.run_directory import RunDirectory
from weldon.serve.review_queue import Item
from weldon.serve.run_images import RunImages


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
    search = search_suspects(run, corrections=corrections if corrections.is_file() else None, device=device)
    by_path = {record.path: number for number, record in enumerate(images.records[: images.labelled])}
    numbers = tuple(by_path.get(record.path, -1) for record in search.maps.records)
    probabilities = search.decision.probabilities(search.fit.scores)
    classes = search.maps.decision.classes
    suspects = [
        Item(numbers[place], classes[column], float(probabilities[place, column]))
        for place, column in search.cells()
        if numbers[place] >= 0
    ]
    places = {number: place for place, number in enumerate(numbers)}
    return Doubts(search, numbers, places, probabilities, suspects)
