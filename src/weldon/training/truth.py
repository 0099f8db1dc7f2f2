"""What a run is measured against beside labels: true boxes and true masks, never used in training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.data import Box, Record, TrueBoxes, read_boxes
from weldon.data.true_masks import TrueMasks, find_masks, read_legend, refuse_no_object
from weldon.errors import DataError
from weldon.training.measured_images import MeasuredImages
from weldon.training.truth_covered import TruthCovered, count_boxes, count_masks, refuse_useless

Boxes = Mapping[str, Sequence[Box]]


@dataclass(frozen=True)
class Truth:
    """True boxes by file name, and true masks; None where there are none.

    Args:
        boxes: an image without an entry is not known, one with an empty entry has none of the objects.
        masks: indexed masks.
        covered: how much of what is measured the truth tells.
    """

    boxes: Boxes | None
    masks: TrueMasks | None
    covered: TruthCovered


def find_truth(
    images: MeasuredImages,
    classes: Sequence[str],
    *,
    boxes: str | Path | Boxes | None,
    masks: str | Path | None,
    legend: str | None,
) -> Truth:
    """Return the truth that the caller names, else what the data brings with it.

    Raises:
        DataError: it cannot be read, or has nothing about any measured image or any class of the run.
    """
    notes: tuple[str, ...] = ()
    if isinstance(boxes, str | Path):
        boxes = read_boxes(boxes)
    if isinstance(boxes, TrueBoxes):
        notes, boxes = boxes.notes, boxes.of([record.file_name for record in images.records])
    drawn = _own_boxes(images.records) if boxes is None else boxes
    names = [record.file_name for record in images.measured]
    seen = count_boxes(drawn, names, classes, notes)
    if boxes is None and not seen.usable:
        drawn = {}
    elif boxes is not None:
        refuse_useless(seen, classes)
    painted = _masks(images, classes, None if masks is None else Path(masks), legend)
    covered = TruthCovered(
        seen if drawn else None,
        None if painted is None else count_masks(painted, names),
    )
    return Truth(drawn or None, painted, covered)


def _own_boxes(records: Iterable[Record]) -> dict[str, tuple[Box, ...]]:
    return {record.file_name: record.boxes for record in records if record.boxes is not None}


def _masks(
    images: MeasuredImages, classes: Sequence[str], folder: Path | None, legend: str | None
) -> TrueMasks | None:
    paths = find_masks(images.records, folder)
    if not paths:
        return None
    meaning = read_legend(legend, folder, classes)
    if folder is not None:
        measured = [paths[record.file_name] for record in images.measured if record.file_name in paths]
        if not measured:
            raise DataError(
                f"masks must be of measured images, got none of {len(images.measured)} in {folder}"
            )
        refuse_no_object(measured, meaning)
    return TrueMasks(paths, classes, meaning)
