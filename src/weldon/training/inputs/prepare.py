"""Read the labels that a recipe names, and divide images or bags into training, validation and test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weldon.data import LabelSet, Record, assign_splits, join_validation
from weldon.data.workbook import WORKBOOKS
from weldon.errors import DataError, UsageError
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.inputs.bags import BagInputs, bags_at
from weldon.training.inputs.corrected_labels import correct_labels
from weldon.training.inputs.images import IMAGES
from weldon.training.inputs.inputs import Inputs, Prepared


def open_inputs(data: Path, labels: Path | None) -> Inputs:
    """Return what DATA holds: the one place where images and bags are told apart by what is there.

    Raises:
        UsageError: bags without a table of labels.
        DataError: files that cannot be used as bags.
    """
    bags = bags_at(data, labels)
    return IMAGES if bags is None else BagInputs(bags)


def prepare(recipe: Recipe, *, corrections: Path | None = None) -> Prepared:
    """Read the labels of ``recipe``, split them, and correct them.

    Args:
        recipe: where they are and how they are read.
        corrections: a table in place of the recipe's own, which may have grown since the run began.

    Raises:
        DataError: labels or corrections that cannot be used, or a split without images.
    """
    inputs = open_inputs(recipe.data, recipe.labels)
    inputs.refuse_options(recipe)
    label_set = inputs.read(recipe, recipe.data, recipe.labels)
    if recipe.val is not None and Path(recipe.val).exists():
        label_set = join_validation(label_set, _read_validation(recipe, label_set.classes, inputs))
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
                f"no {name} {inputs.noun} in {recipe.data}: check the split column and --val {recipe.val}"
            )
    task = choose_task(recipe.task, train + val)
    notes = label_set.notes + inputs.notes(split)
    made = () if corrected is None else corrected.corrections
    if corrected is not None:
        notes += corrected.notes
    return Prepared(train, val, test, label_set.classes, task, inputs, notes, made)


def prepare_again(run: RunDirectory, recipe: Recipe) -> Prepared:
    """Read the labels of a run, with the corrections that it learnt from: the table may have grown since.

    Raises:
        DataError: as for :func:`prepare`.
    """
    used = run.corrections_used
    return prepare(recipe, corrections=used if used.is_file() else None)


def _read_validation(recipe: Recipe, classes: Sequence[str], inputs: Inputs) -> LabelSet:
    place = Path(str(recipe.val))
    data, labels = (place, None) if place.is_dir() else (recipe.data, place)
    if labels is None or labels.suffix.lower() not in WORKBOOKS:
        recipe = recipe.model_copy(update={"sheet": None})  # which says where the recipe's own labels stand
    return inputs.read(recipe, data, labels, classes)


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
