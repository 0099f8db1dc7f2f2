"""What is known about one image, and about a set of them: the one form every label file is read into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

SPLITS = ("train", "val", "test")

_SPLIT_SPELLINGS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright original image, x to the right and y down.

    Args:
        label: class name.
        x1: left edge; the pixel in column 0 reaches from 0 to 1.
        y1: upper edge.
        x2: right edge, at most the image's width.
        y2: lower edge, at most the image's height.
        score: confidence of a predicted box; None for truth.
        difficult: marked as hard by the annotator; measures may leave it out.
    """

    label: str
    x1: float
    y1: float
    x2: float
    y2: float
    score: float | None = None
    difficult: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One image and its image-level labels.

    Args:
        path: the file.
        file_name: the name it goes by in the label file and in everything written.
        labels: names of the classes present.
        unknown: names of the classes nobody labelled, neither present nor absent.
        split: ``train``, ``val``, ``test``, or None where the user left it open.
        group: images of one group (patient, scene) are never divided between splits.
        weight: factor on this image's loss.
        boxes: true boxes, for measuring only; None where none were given.
        mask: file of the true segmentation, for measuring only.
    """

    path: Path
    file_name: str
    labels: frozenset[str]
    unknown: frozenset[str] = frozenset()
    split: str | None = None
    group: str | None = None
    weight: float = 1.0
    boxes: tuple[Box, ...] | None = None
    mask: Path | None = None


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Every image of a data set, and the classes in the order the network scores them.

    Args:
        records: one for each image.
        classes: names in their fixed order.
        form: where they were read from: ``folder``, ``long``, ``wide``, ``jsonl``, ``voc``, ``coco`` ...
        notes: what the reader decided and the user should know, one sentence each.
        besides: files that are accounted for and in no record: the label file, images of rows left out.
    """

    records: tuple[Record, ...]
    classes: tuple[str, ...]
    form: str
    notes: tuple[str, ...] = ()
    besides: tuple[Path, ...] = ()

    def of_split(self, split: str | None) -> tuple[Record, ...]:
        """Return the records of one split; None asks for those whose split was left open."""
        return tuple(record for record in self.records if record.split == split)

    def with_records(self, records: Iterable[Record]) -> LabelSet:
        """Return the same set with other records, for instance after the splits were drawn."""
        return replace(self, records=tuple(records))


def split_name(spelling: str) -> str | None:
    """Return ``train``, ``val`` or ``test`` for any accepted spelling, None for anything else.

    Example:
        >>> split_name("Validation"), split_name("valid"), split_name("fold 3")
        ('val', 'val', None)
    """
    return _SPLIT_SPELLINGS.get(spelling.strip().lower())
