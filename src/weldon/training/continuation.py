"""A resumed run goes on with the images, labels, split and recipe it began with, or says what changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from weldon.counted import counted
from weldon.data import Record
from weldon.data.split import numbered, read_begun, splits_row
from weldon.errors import DataError, UsageError, WeightsError
from weldon.files import read_toml
from weldon.models import RegionNet, load_network
from weldon.runs.metrics_file import read_epochs
from weldon.runs.recipe import Recipe
from weldon.runs.recipe_file import build_recipe, over_preset
from weldon.runs.run_directory import RunDirectory
from weldon.training.checkpoint_file import (
    WAY_OUT,
    read_checkpoint,
    refuse_other_classes,
    refuse_other_network,
)
from weldon.training.inputs.inputs import Prepared

log = logging.getLogger("weldon")

SHOWN = 20  # changes that are listed
# What may be another when a run goes on: where things lie, how long it takes and what it runs on. All else is
# in its weights or in the state of its optimiser: it would be passed over, or make another run of it.
CHANGEABLE = {"data", "labels", "corrections", "cache", "epochs", "batch_size", "max_pixels"}
CHANGEABLE |= {"refit", "workers", "device", "devices", "nodes", "strategy", "precision", "compile", "logger"}


def resumed_recipe(
    run: RunDirectory, given: Mapping[str, Any], config: str | Path | None, preset: str | None = None
) -> Recipe:
    """Return the run's own recipe, with what is given of the options that may change.

    Args:
        run: the interrupted run.
        given: options of the command; None means "not given".
        config: a TOML file with options; those given win.
        preset: the name of one, under both.

    Raises:
        UsageError: an option that cannot change, with both values.
    """
    asked = over_preset(preset, read_toml(config) if config is not None else {})
    asked |= {name: value for name, value in given.items() if value is not None}
    begun, recipe = run.recipe, build_recipe(asked, run.config)
    changed = [
        f"--{name.replace('_', '-')} was {getattr(begun, name)!r}, got {getattr(recipe, name)!r}"
        for name in Recipe.model_fields
        if name not in CHANGEABLE and getattr(begun, name) != getattr(recipe, name)
    ]
    if changed:
        raise UsageError(
            f"resume goes on as the run in {run.path} began: {'; '.join(changed)}: leave that out, or train "
            "another run"
        )
    return recipe


def refuse_damage(run: RunDirectory, net: RegionNet) -> None:
    """Look at the files that a resumed run needs, before any time is spent.

    Raises:
        DataError: one is missing or damaged; it names the file and the way out.
    """
    stored = read_checkpoint(run.last)
    refuse_other_network(run.last, stored, net)
    refuse_other_classes(run.last, stored, run.class_names, run.classes)
    read_epochs(run.metrics)


def read_best(run: RunDirectory) -> RegionNet:
    """Return the best network so far, which a resumed run may have to keep.

    Raises:
        DataError: it is damaged; it names the file and the way out.
    """
    try:
        with torch.random.fork_rng(
            devices=[]
        ):  # else the network that is built next would draw other weights
            return load_network(run.best)
    except WeightsError as error:
        raise DataError(f"the run cannot go on: {error}; {WAY_OUT}") from error


def as_begun(run: RunDirectory, prepared: Prepared) -> Prepared:
    """Return what is trained on in the order, the split and the classes that the run began with.

    Args:
        run: the interrupted run.
        prepared: what the labels say today.

    Raises:
        DataError: images, labels or classes have changed; the differences are listed.
    """
    rows = read_begun(run.splits)
    today = dict(_numbered(prepared.records))
    began = dict(zip(numbered(row["file_name"] for row in rows), rows, strict=True))
    problems = [*_changed_classes(run.class_names, prepared.classes), *_changed_records(began, today)]
    if problems:
        more = [f"… and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise DataError(
            f"the labels are not those that the run in {run.path} began with (its {run.classes.name} and "
            f"{run.splits.name}), so it cannot go on: undo the changes, or train another run (another --out, "
            "or --overwrite)",
            [*problems[:SHOWN], *more],
        )
    kept = [replace(today[key], split=row["split"]) for key, row in began.items() if row["split"]]
    if moved := [r.file_name for key, r in today.items() if began[key]["split"] not in ("", r.split)]:
        log.warning(
            "%s in another split today (%s …); the run goes on with the split it began with",
            counted(len(moved), "image is", "images are"),
            moved[0],
        )
    train, val, test = (tuple(r for r in kept if r.split == name) for name in ("train", "val", "test"))
    return replace(prepared, train=train, val=val, test=test, classes=run.class_names)


def refuse_lost(begun: Prepared, readable: Prepared) -> None:
    """Refuse to go on without files that could be read when the run began.

    Raises:
        DataError: names them.
    """
    there = set(readable.records)
    if lost := [record.file_name for record in begun.records if record not in there]:
        raise DataError(
            "these files could be read when the run began and no longer: put them back, or train another run",
            lost[:SHOWN],
        )


def _changed_classes(began: Sequence[str], today: Sequence[str]) -> Iterator[str]:
    for name in began:
        if name not in today:
            yield f"class {name!r} is gone"
    for name in today:
        if name not in began:
            yield f"class {name!r} is new"


def _changed_records(
    began: Mapping[tuple[str, int], Mapping[str, str]], today: Mapping[tuple[str, int], Record]
) -> Iterator[str]:
    for key in sorted(began.keys() - today.keys()):
        yield f"{key[0]} is gone"
    for key in sorted(today.keys() - began.keys()):
        yield f"{key[0]} is new"
    for key in sorted(began.keys() & today.keys()):
        now = splits_row(today[key])
        for column, was in began[key].items():
            if column != "split" and now.get(column, was) != was:
                yield f"{key[0]}: {column} were {was or 'none'!r}, are {now[column] or 'none'!r}"


def _numbered(records: Iterable[Record]) -> Iterator[tuple[tuple[str, int], Record]]:
    held = list(records)
    return zip(numbered(record.file_name for record in held), held, strict=True)
