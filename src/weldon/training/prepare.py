"""From a recipe's paths to the images of each split, the classes and the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from weldon.data import LabelSet, Record, assign_splits, join_validation, read_labels, unreadable_files
from weldon.errors import DataError, UsageError
from weldon.training.recipe import Recipe

UNREADABLE_SHARE = 0.01


@dataclass(frozen=True)
class Prepared:
    """What a run trains and validates on.

    Args:
        train: the training images.
        val: the validation images.
        test: images of a test split, which training never looks at.
        classes: C names, in the order of the scores.
        task: ``multilabel`` or ``multiclass``.
        notes: what the reader of the labels had to say.
    """

    train: tuple[Record, ...]
    val: tuple[Record, ...]
    test: tuple[Record, ...]
    classes: tuple[str, ...]
    task: str
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[Record, ...]:
        """Training, validation and test images."""
        return self.train + self.val + self.test

    def without(self, lost: set[Path]) -> Prepared:
        """Return the same without the files in ``lost``."""
        train, val, test = (
            tuple(r for r in part if r.path not in lost) for part in (self.train, self.val, self.test)
        )
        return replace(self, train=train, val=val, test=test)


def prepare(recipe: Recipe) -> Prepared:
    """Read the labels of ``recipe`` and split them.

    Raises:
        DataError: labels that cannot be used, or a split without images.
    """
    label_set = read_recipe_labels(recipe, recipe.data, recipe.labels)
    if recipe.val is not None and Path(recipe.val).exists():
        label_set = join_validation(label_set, _read_validation(recipe, Path(recipe.val), label_set.classes))
        split = label_set.records
    else:
        split = assign_splits(label_set, val=_share(recipe.val), seed=recipe.seed)
    train, val, test = (tuple(r for r in split if r.split == name) for name in ("train", "val", "test"))
    for name, part in (("training", train), ("validation", val)):
        if not part:
            raise DataError(
                f"no {name} images in {recipe.data}: check the split column and --val {recipe.val}"
            )
    task = choose_task(recipe.task, train + val)
    return Prepared(train, val, test, label_set.classes, task, label_set.notes)


def read_recipe_labels(
    recipe: Recipe, data: Path, labels: Path | None, classes: Sequence[str] | None = None
) -> LabelSet:
    """Return the images of ``data``, read as ``recipe`` says; ``classes`` are those of a trained model.

    The recipe's public data set is what its own data holds; other data is read by its form.
    """
    return read_labels(
        data,
        labels,
        label_sep=recipe.label_sep,
        minus_one=recipe.minus_one,
        group_col=recipe.group_col,
        image_set=recipe.image_set,
        dataset=recipe.dataset if labels is None and data == recipe.data else None,
        classes=classes,
    )


def _read_validation(recipe: Recipe, place: Path, classes: Sequence[str]) -> LabelSet:
    data, labels = (place, None) if place.is_dir() else (recipe.data, place)
    return read_recipe_labels(recipe, data, labels, classes)


def _share(val: str | None) -> float | None:
    try:
        return None if val is None else float(val)
    except ValueError:
        raise UsageError(
            f"val must be a share below 1, a folder or a table that exists, got {val!r}"
        ) from None


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
