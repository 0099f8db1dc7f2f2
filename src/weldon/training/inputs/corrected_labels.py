"""Labels of a run as corrected: which table, what it changed, and what cannot be learnt from afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.counted import counted
from weldon.data import LabelSet, Record
from weldon.data.corrections import Correction, apply_corrections, read_corrections
from weldon.errors import DataError

SHOWN = 20  # images that an error lists


@dataclass(frozen=True)
class CorrectedLabels:
    """Images with the labels that people corrected.

    Args:
        records: in the order they came, each with its split.
        corrections: every row of the table.
        notes: how many labels changed, and each contradiction.
    """

    records: tuple[Record, ...]
    corrections: tuple[Correction, ...]
    notes: tuple[str, ...]


def correct_labels(label_set: LabelSet, table: Path, *, task: str) -> CorrectedLabels:
    """Return the images of ``label_set`` as the table at ``table`` corrects them.

    The split is drawn before: by the labels of the user's own file, so that a run with corrections and one
    without them are measured on the same images.

    Args:
        label_set: images with their split.
        table: of corrections.
        task: of the recipe: ``auto``, ``multilabel`` or ``multiclass``.

    Raises:
        DataError: a row that cannot be used, a class that no training image shows any more, or images that
            showed one class each and now some do not.
    """
    corrections = read_corrections(table)
    done = apply_corrections(label_set, corrections, source=table)
    records = done.label_set.records
    _refuse_empty_classes(label_set, records, table)
    if task != "multilabel":
        _refuse_odd(label_set.records, records, table)
    changed, agreed = len(done.changed), len(done.reviewed) - len(done.changed)
    first = f"{table}: {counted(changed, 'label')} changed, {agreed} confirmed or as they were"
    return CorrectedLabels(
        records, corrections, (first, *(f"{table.name} {conflict}" for conflict in done.conflicts))
    )


def _refuse_empty_classes(label_set: LabelSet, records: Sequence[Record], table: Path) -> None:
    before, after = (_taught(part) for part in (label_set.records, records))
    if empty := [repr(name) for name in label_set.classes if name in before - after]:
        raise DataError(
            f"with the corrections in {table} no training image shows {', '.join(empty)}: correct fewer "
            "labels, label other images, or remove the class from the labels"
        )


def _taught(records: Sequence[Record]) -> frozenset[str]:
    return frozenset(name for record in records if record.split == "train" for name in record.labels)


def _refuse_odd(before: Sequence[Record], after: Sequence[Record], table: Path) -> None:
    """Refuse images without their one class where each had one: the task would become another one."""
    if any(_is_odd(record) for record in before):
        return
    odd = [record for record in after if _is_odd(record)]
    if odd:
        problems = [f"{r.file_name}: {', '.join(sorted(r.labels)) or 'no class'}" for r in odd[:SHOWN]]
        raise DataError(
            f"every image shows one class, and with the corrections in {table} these do not: set one class "
            "of each to present and the others to absent, or train with --task multilabel",
            problems,
        )


def _is_odd(record: Record) -> bool:
    return len(record.labels) != 1 or bool(record.unknown)
