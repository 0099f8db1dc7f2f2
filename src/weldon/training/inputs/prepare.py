"""From a recipe's paths to the images of each split, the classes and the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from weldon.data import LabelSet, Record, assign_splits, join_validation, read_labels, unreadable_files
from weldon.data.check import bearable
from weldon.data.corrections import Correction
from weldon.errors import DataError, UsageError
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.structured import BagSource
from weldon.training.inputs.bags import bags_at, read_bag_labels, refuse_image_options, unlabelled_note
from weldon.training.inputs.corrected_labels import correct_labels


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
        bags: where the instances are, for a run on bags; None: the records are images.
        corrections: those that are in the labels.
    """

    train: tuple[Record, ...]
    val: tuple[Record, ...]
    test: tuple[Record, ...]
    classes: tuple[str, ...]
    task: str
    notes: tuple[str, ...] = ()
    bags: BagSource | None = None
    corrections: tuple[Correction, ...] = ()

    @property
    def records(self) -> tuple[Record, ...]:
        """Training, validation and test images."""
        return self.train + self.val + self.test

    @property
    def noun(self) -> str:
        """What the records are, for sentences: ``images`` or ``bags``."""
        return "images" if self.bags is None else "bags"

    def without(self, lost: set[Path]) -> Prepared:
        """Return the same without the files in ``lost``."""
        train, val, test = (
            tuple(r for r in part if r.path not in lost) for part in (self.train, self.val, self.test)
        )
        return replace(self, train=train, val=val, test=test)


def prepare(recipe: Recipe, *, corrections: Path | None = None) -> Prepared:
    """Read the labels of ``recipe``, split them, and correct them.

    Args:
        recipe: where they are and how they are read.
        corrections: a table in place of the recipe's own, which may have grown since the run began.

    Raises:
        DataError: labels or corrections that cannot be used, or a split without images.
    """
    bags = bags_at(recipe.data, recipe.labels)
    if bags is not None:
        refuse_image_options(recipe)
    label_set = read_recipe_labels(recipe, recipe.data, recipe.labels, bags=bags)
    if recipe.val is not None and Path(recipe.val).exists():
        label_set = join_validation(label_set, _read_validation(recipe, label_set.classes, bags))
        split = label_set.records
    else:
        split = assign_splits(label_set, val=_share(recipe.val), seed=recipe.seed)
    table, corrected = corrections or recipe.corrections, None
    if table is not None:
        corrected = correct_labels(label_set.with_records(split), table, task=recipe.task)
        split = corrected.records
    train, val, test = (tuple(r for r in split if r.split == name) for name in ("train", "val", "test"))
    for name, part in (("training", train), ("validation", val)):
        if not part:
            raise DataError(
                f"no {name} {'images' if bags is None else 'bags'} in {recipe.data}: "
                f"check the split column and --val {recipe.val}"
            )
    task = choose_task(recipe.task, train + val)
    notes = label_set.notes
    if bags is not None:
        notes += unlabelled_note(bags, [record.path for record in split])
    made = () if corrected is None else corrected.corrections
    if corrected is not None:
        notes += corrected.notes
    return Prepared(train, val, test, label_set.classes, task, notes, bags, made)


def prepare_again(run: RunDirectory, recipe: Recipe) -> Prepared:
    """Read the labels of a run, with the corrections that it learnt from: the table may have grown since.

    Raises:
        DataError: as for :func:`prepare`.
    """
    used = run.corrections_used
    return prepare(recipe, corrections=used if used.is_file() else None)


def read_recipe_labels(
    recipe: Recipe,
    data: Path,
    labels: Path | None,
    classes: Sequence[str] | None = None,
    *,
    bags: BagSource | None = None,
) -> LabelSet:
    """Return the images of ``data``, or its bags, read as ``recipe`` says.

    The recipe's public data set is what its own data holds; other data is read by its form.

    Args:
        recipe: how labels are to be read.
        data: the images; not looked at where there are bags.
        labels: the table of labels.
        classes: those of a trained model.
        bags: what the labels name in place of images.
    """
    if bags is not None and labels is not None:
        return read_bag_labels(recipe, bags, labels, classes)
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


def _read_validation(recipe: Recipe, classes: Sequence[str], bags: BagSource | None) -> LabelSet:
    place = Path(str(recipe.val))
    if bags is not None and place.is_dir():
        raise UsageError(f"val must be a share or a table of labels for bags, got the folder {recipe.val!r}")
    data, labels = (place, None) if place.is_dir() else (recipe.data, place)
    return read_recipe_labels(recipe, data, labels, classes, bags=bags)


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
    """Stop before training when more files cannot be read than is bearable.

    Args:
        lost: file and reason.
        total: files in all.
    """
    if len(lost) > bearable(total):
        problems = [f"{name}: {reason}" for name, reason in lost]
        raise DataError(
            f"{len(lost)} of {total} files cannot be read; mend or remove them and train again", problems
        )


def drop_unreadable(prepared: Prepared) -> tuple[Prepared, list[tuple[str, str]]]:
    """Return ``prepared`` without the files that cannot be read, and those files with the reason.

    Raises:
        DataError: more files cannot be read than :func:`~weldon.data.check.bearable`.
    """
    lost = unreadable_files(prepared.records)
    reasons = [(record.file_name, reason) for record, reason in lost]
    refuse_many_unreadable(reasons, len(prepared.records))
    return prepared.without({record.path for record, _ in lost}), reasons
