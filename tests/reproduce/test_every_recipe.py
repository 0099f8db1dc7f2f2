"""The training options of every recipe run: two steps on scenes, with a tiny backbone."""

from __future__ import annotations

import json
import math

import pytest

from weldon.recipes import list_tables, load_table
from weldon.training import train

TINY = {
    "model": "test_resnet",
    "weights": "none",
    "image_size": 64,
    "batch_size": 13,
    "epochs": 1,
    "workers": 0,
}
RATES = {"lr", "lrp", "weight_decay"}  # numbers alone: rows that differ in them only are one run here


def every_run() -> dict[str, tuple[dict, list[str]]]:
    """Return the distinct runs with everything that costs time made small, and the rows they stand for."""
    runs: dict[str, tuple[dict, list[str]]] = {}
    for name in list_tables():
        for row in load_table(name).rows:
            for model in row.models:
                options = {"task": "multilabel", **model, **row.settings[0], **TINY}
                key = json.dumps({n: value for n, value in options.items() if n not in RATES}, sort_keys=True)
                runs.setdefault(key, (options, []))[1].append(f"{name}/{row.name}")
    return runs


RUNS = every_run().values()


def test_every_row_is_among_the_runs():
    named = {name for _, rows in RUNS for name in rows}
    assert named == {f"{name}/{row.name}" for name in list_tables() for row in load_table(name).rows}


@pytest.mark.parametrize("options", [run for run, _ in RUNS], ids=[rows[0] for _, rows in RUNS])
def test_two_steps(options: dict, data_root, tmp_path, tmp_path_factory):
    cache = tmp_path_factory.getbasetemp() / "recipes-cache"
    scenes = data_root / "scenes"
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", cache=cache, progress=False, **options)
    figures = run.manifest_values
    assert figures["images"]["train"] + figures["images"]["val"] == 30
    assert figures["seconds"]["epochs"] == 1
    assert math.isfinite(figures["validation"]["best"])
