"""What a run is measured against beside labels: true boxes and true masks, never used in training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.data import Box, Record, read_boxes
from weldon.data.true_masks import TrueMasks, find_masks, read_legend
from weldon.errors import UsageError
from weldon.training.measured_images import MeasuredImages

Boxes = Mapping[str, Sequence[Box]]


@dataclass(frozen=True)
class Truth:
    """True boxes by file name, and true masks; None where there are none.

    Args:
        boxes: an image without an entry is not known, one with an empty entry has none of the objects.
        masks: indexed masks.
    """

    boxes: Boxes | None
    masks: TrueMasks | None


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
        UsageError: it has nothing about any measured image.
        DataError: it cannot be read.
    """
    found = _boxes(images.records, boxes)
    if boxes is not None and not any(record.file_name in found for record in images.measured):
        raise UsageError(f"boxes must be of measured images, got none of {len(images.measured)}")
    folder = None if masks is None else Path(masks)
    paths = find_masks(images.records, folder)
    if masks is not None and not any(record.file_name in paths for record in images.measured):
        raise UsageError(f"masks must be of measured images, got none of {len(images.measured)} in {folder}")
    drawn = TrueMasks(paths, classes, read_legend(legend, folder, classes)) if paths else None
    return Truth(found or None, drawn)


def _boxes(records: Iterable[Record], boxes: str | Path | Boxes | None) -> Boxes:
    if isinstance(boxes, Mapping):
        return boxes
    if boxes is not None:
        return read_boxes(boxes)
    return {record.file_name: record.boxes for record in records if record.boxes is not None}
