"""From a recipe's paths to the images of each split, the classes and the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.data import LabelSet, Record, assign_splits, read_labels, unreadable_files
from weldon.errors import DataError, UsageError
from weldon.training.recipe import Recipe

UNREADABLE_SHARE = 0.01


@dataclass(frozen=True)
class Prepared:
    """What a run trains and validates on.

    Args:
        train: the training images.
        val: the validation images.
        classes: C names, in the order of the scores.
        task: ``multilabel`` or ``multiclass``.
        notes: what the reader of the labels had to say.
    """

    train: tuple[Record, ...]
    val: tuple[Record, ...]
    classes: tuple[str, ...]
    task: str
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[Record, ...]:
        """Training images, then validation images."""
        return self.train + self.val

    def without(self, lost: set[Path]) -> Prepared:
        """Return the same without the files in ``lost``."""
        train, val = (tuple(r for r in part if r.path not in lost) for part in (self.train, self.val))
        return Prepared(train, val, self.classes, self.task, self.notes)


def prepare(recipe: Recipe) -> Prepared:
    """Read the labels of ``recipe`` and split them.

    Raises:
        DataError: labels that cannot be used, or a split without images.
    """
    label_set = read_recipe_labels(recipe, recipe.data, recipe.labels)
    split = (
        _validation_apart(recipe, label_set)
        if Path(recipe.val).exists()
        else _validation_within(recipe, label_set)
    )
    train, val = (tuple(r for r in split if r.split == name) for name in ("train", "val"))
    for name, part in (("training", train), ("validation", val)):
        if not part:
            raise DataError(
                f"no {name} images in {recipe.data}: check the split column and --val {recipe.val}"
            )
    return Prepared(train, val, label_set.classes, choose_task(recipe.task, train + val), label_set.notes)


def read_recipe_labels(recipe: Recipe, data: Path, labels: Path | None) -> LabelSet:
    """Return the labelled images of ``data``, read as ``recipe`` says."""
    return read_labels(
        data,
        labels,
        label_sep=recipe.label_sep,
        minus_one=recipe.minus_one,
        group_col=recipe.group_col,
        image_set=recipe.image_set,
    )


def _validation_apart(recipe: Recipe, label_set: LabelSet) -> tuple[Record, ...]:
    place = Path(recipe.val)
    data, labels = (place, None) if place.is_dir() else (recipe.data, place)
    val = read_recipe_labels(recipe, data, labels)
    strangers = sorted(set(val.classes) - set(label_set.classes))
    if strangers:
        raise DataError(f"{place} has classes that no training image has; remove or add them", strangers)
    train = tuple(r.in_split("train") for r in label_set.records if r.split in (None, "train"))
    return train + tuple(r.in_split("val") for r in val.records)


def _validation_within(recipe: Recipe, label_set: LabelSet) -> tuple[Record, ...]:
    try:
        share = float(recipe.val)
    except ValueError:
        raise UsageError(
            f"val must be a share below 1, a folder or a table that exists, got {recipe.val!r}"
        ) from None
    return assign_splits(label_set, val=share, seed=recipe.seed)


def choose_task(task: str, records: Sequence[Record]) -> str:
    """Return ``task``, or for ``auto``: multiclass where every image has one label and nothing is unknown.

    Raises:
        DataError: ``multiclass`` was asked for and an image has none or several labels.
    """
    odd = [r for r in records if len(r.labels) != 1 or r.unknown]
    if task == "auto":
        return "multilabel" if odd else "multiclass"
    if task == "multiclass" and odd:
        problems = [f"{r.file_name}: {', '.join(sorted(r.labels)) or 'no label'}" for r in odd[:20]]
        raise DataError("task 'multiclass' needs exactly one label an image; use --task multilabel", problems)
    return task


def refuse_many_unreadable(lost: Sequence[tuple[str, str]], total: int) -> None:
    """Stop before training when more than 1 % of the files cannot be read.

    Args:
        lost: file and reason.
        total: files in all.
    """
    if len(lost) > UNREADABLE_SHARE * total:
        problems = [f"{name}: {reason}" for name, reason in lost]
        raise DataError(
            f"{len(lost)} of {total} files cannot be read; mend or remove them and train again", problems
        )


def drop_unreadable(prepared: Prepared) -> tuple[Prepared, list[tuple[str, str]]]:
    """Return ``prepared`` without the files that cannot be read, and those files with the reason.

    Raises:
        DataError: more than 1 % of the files cannot be read.
    """
    lost = unreadable_files(prepared.records)
    reasons = [(record.file_name, reason) for record, reason in lost]
    refuse_many_unreadable(reasons, len(prepared.records))
    return prepared.without({record.path for record, _ in lost}), reasons
