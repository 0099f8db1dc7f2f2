"""VOC 2012 Action under weak supervision: whole images, a class is present when somebody does it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from weldon.data.labels.locate import ImageFinder
from weldon.data.labels.rows import Row, label_set_of
from weldon.data.public.class_lists import ACTION_CLASSES
from weldon.data.public.entry import TABLE_2
from weldon.data.public.voc import Devkit
from weldon.data.public.voc_years import VOC2012_VAL, find_devkit
from weldon.data.record import Box, LabelSet
from weldon.errors import DataError
from weldon.files import read_text

_LISTS = {"train": "train", "test": "val"}


@dataclass(frozen=True, slots=True)
class Person:
    """One line of ``ImageSets/Action/CLASS_LIST.txt``.

    Args:
        stem: of the image.
        number: of the person among the objects of the image's annotation, from 1.
        mark: 1 does it, -1 does not, 0 cannot be told.
    """

    stem: str
    number: int
    mark: int


def read_voc_action(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return the images of ``train`` to train on and of ``val`` to measure on, with the ten actions.

    The devkit labels persons; the paper's weak protocol forgets which: an action is present in an image when
    one of its persons does it, unknown when that cannot be told of one and nobody else does, else absent.
    The persons' boxes are kept for measuring only.

    Args:
        root: of the devkit, or above it.
        classes: of a trained model, to keep its order.

    Raises:
        DataError: missing lists, images or lines, all at once.
    """
    folder = find_devkit(root, 2012, "Action")
    devkit, lists = Devkit(folder), folder / "ImageSets" / "Action"
    problems: list[str] = []
    rows: list[Row] = []
    for split, name in _LISTS.items():
        stems = _stems(lists / f"{name}.txt")
        persons = {action: _persons(lists / f"{action}_{name}.txt", problems) for action in ACTION_CLASSES}
        for action, lines in persons.items():
            told = {person.stem for person in lines}
            problems += [f"{action}_{name}.txt: no line for {stem}" for stem in stems if stem not in told]
        marks = _by_image(persons)
        rows += [_row(devkit, stem, marks[stem], f"{name}.txt").saying(split=split) for stem in stems]
    finder = ImageFinder((folder / "JPEGImages",))
    return label_set_of(
        rows,
        finder,
        form="voc",
        declared=ACTION_CLASSES,
        given=classes,
        empty_classes="keep",
        problems=problems,
    )


def image_labels(marks: Mapping[str, Sequence[Person]]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the actions present in one image and those unknown, from the marks of its persons.

    Example:
        >>> one, two = Person("a", 1, -1), Person("a", 2, 1)
        >>> image_labels({"running": [one, two], "walking": [one], "reading": [Person("a", 1, 0)]})
        (frozenset({'running'}), frozenset({'reading'}))
    """
    present = frozenset(action for action, lines in marks.items() if any(p.mark == 1 for p in lines))
    doubted = frozenset(action for action, lines in marks.items() if any(p.mark == 0 for p in lines))
    return present, doubted - present


def _row(devkit: Devkit, stem: str, marks: Mapping[str, Sequence[Person]], where: str) -> Row:
    labels, unknown = image_labels(marks)
    drawn = devkit.annotation(stem)
    boxes = None if drawn is None else _boxes(drawn.boxes, marks)
    return Row.of(f"{where}, {stem}", devkit.names.get(stem, f"{stem}.jpg"), labels, unknown, boxes=boxes)


def _boxes(objects: Sequence[Box], marks: Mapping[str, Sequence[Person]]) -> tuple[Box, ...]:
    """Return the box of each person under the name of each action it does."""
    return tuple(
        replace(objects[person.number - 1], label=action)
        for action, lines in marks.items()
        for person in lines
        if person.mark == 1 and 0 < person.number <= len(objects)
    )


def _by_image(persons: Mapping[str, Sequence[Person]]) -> Mapping[str, Mapping[str, Sequence[Person]]]:
    found: dict[str, dict[str, list[Person]]] = defaultdict(lambda: defaultdict(list))
    for action, lines in persons.items():
        for person in lines:
            found[person.stem][action].append(person)
    return found


def _stems(path: Path) -> list[str]:
    """Return the images of a list once each; some copies name persons (image and number)."""
    if not path.is_file():
        raise DataError(f"no list {path}: VOC 2012 has it since the action task of 2012")
    return list(dict.fromkeys(line.split()[0] for line in read_text(path).split("\n") if line.strip()))


def _persons(path: Path, problems: list[str]) -> list[Person]:
    if not path.is_file():
        problems.append(f"no list {path}")
        return []
    found = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        cells = line.split()
        if len(cells) == 3 and cells[1].isdigit() and cells[2] in ("1", "-1", "0"):
            found.append(Person(cells[0], int(cells[1]), int(cells[2])))
        elif cells:
            problems.append(
                f"{path.name} line {number}: must be image, person and 1, -1 or 0, got {line.strip()!r}"
            )
    return found


VOC2012_ACTION = replace(
    VOC2012_VAL,
    name="voc2012-action",
    title="PASCAL VOC 2012 Action, whole images",
    classes=ACTION_CLASSES,
    num_classes=10,
    train=2_296,
    test=2_292,
    measure="mAP",
    source=TABLE_2,
    layout=(
        "VOCdevkit/VOC2012/JPEGImages/*.jpg",
        "VOCdevkit/VOC2012/Annotations/*.xml",
        "VOCdevkit/VOC2012/ImageSets/Action/{train,val}.txt, ACTION_{train,val}.txt",
    ),
    read=read_voc_action,
)
