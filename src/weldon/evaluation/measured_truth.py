"""Find the true boxes and masks that a run is measured against, and say how much they tell; none trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weldon.data import Box, Record, TrueBoxes, read_boxes
from weldon.data.public.voc import VOC_CLASSES
from weldon.data.true_masks import BACKGROUND, TrueMasks, find_masks, read_legend, refuse_no_object
from weldon.errors import DataError
from weldon.evaluation.measures.measure import Figures, ImageMaps, MeasureKind
from weldon.evaluation.selection import MeasuredImages

if TYPE_CHECKING:
    from weldon.evaluation.evaluate import EvaluationContext

MISSING_SHOWN = 5


@dataclass(frozen=True)
class Covered:
    """What one kind of truth tells.

    Args:
        images: measured images that it lists.
        of: measured images.
        objects: boxes on them of the run's classes, those marked difficult left out; None for masks.
        labels_unknown: labels on them that are none of the run's classes.
        missing: the first images that it does not list.
        notes: what its reader left out.
    """

    images: int
    of: int
    objects: int | None
    labels_unknown: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether anything can be measured."""
        return self.images > 0 and self.objects != 0


@dataclass(frozen=True)
class TruthCovered:
    """States how much the truth tells; looks at no image.

    Args:
        boxes: None where there are none.
        masks: likewise.
    """

    boxes: Covered | None
    masks: Covered | None

    def update(self, answer: ImageMaps) -> None:
        """Do nothing."""

    def figures(self) -> Figures:
        """Return ``truth``, with ``boxes`` and ``masks`` where there are some."""
        told = {
            name: asdict(kind) for name in ("boxes", "masks") if (kind := getattr(self, name)) is not None
        }
        return Figures({"truth": told} if told else {})


def count_boxes(
    boxes: Mapping[str, Sequence[Box]], names: Sequence[str], classes: Sequence[str], notes: Sequence[str]
) -> Covered:
    """Return what boxes tell of the images of these names."""
    found = [box for name in names for box in boxes.get(name, ())]
    usable = sum(box.label in classes and not box.difficult for box in found)
    strangers = sorted({box.label for box in found} - set(classes))
    return _covered(names, boxes, usable, strangers, notes)


def count_masks(masks: TrueMasks, names: Sequence[str]) -> Covered:
    """Return what masks tell; VOC's own classes are no news where the legend is VOC's."""
    strangers = [name for name in masks.labels if name not in (BACKGROUND, *masks.classes)]
    known = set(VOC_CLASSES) <= set(masks.labels)
    return _covered(names, masks, None, [] if known else strangers, ())


def refuse_useless(seen: Covered, classes: Sequence[str]) -> None:
    """Raise where boxes tell nothing of the measured images, or of no class of the run.

    Raises:
        DataError: it says which.
    """
    if not seen.images:
        raise DataError(
            f"boxes must be of measured images, got none of {seen.of} ({', '.join(seen.missing)}, ...): the "
            "names differ"
        )
    if not seen.objects:
        strange = (
            f"; labels unknown to the run: {', '.join(seen.labels_unknown)}" if seen.labels_unknown else ""
        )
        raise DataError(
            f"boxes of {seen.images} of {seen.of} images, none of a class of the run ({', '.join(classes)})"
            f"{strange}"
        )


def describe_truth(figures: Mapping[str, Any]) -> list[str]:
    """Say how much truth there was, a line each.

    Example:
        >>> told = {"images": 1, "of": 8, "labels_unknown": ["CAT"], "missing": ["b.jpg"]}
        >>> describe_truth({"truth": {"boxes": told}})
        ['boxes of 1 of 8 images (none of b.jpg, ...)', 'labels unknown to the run: CAT']
    """
    lines = []
    for kind, covered in figures.get("truth", {}).items():
        missing = f" (none of {', '.join(covered['missing'])}, ...)" if covered["missing"] else ""
        lines.append(f"{kind} of {covered['images']} of {covered['of']} images{missing}")
        if covered["labels_unknown"]:
            lines.append(f"labels unknown to the run: {', '.join(covered['labels_unknown'])}")
        lines += covered.get("notes", ())
    return lines


def _covered(
    names: Sequence[str],
    truth: Mapping[str, Any] | TrueMasks,
    objects: int | None,
    strangers: Sequence[str],
    notes: Sequence[str],
) -> Covered:
    missing = [name for name in names if name not in truth]
    listed = len(names) - len(missing)
    shown = tuple(missing[:MISSING_SHOWN])
    return Covered(listed, len(names), objects, tuple(strangers), shown, tuple(notes))


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


def _build(context: EvaluationContext) -> TruthCovered:
    return context.truth.covered


MEASURE = MeasureKind(_build, reads_maps=False, describe=describe_truth)
