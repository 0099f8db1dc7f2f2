"""A table is run row by row: what is finished is not run again, what fails does not stop the rest."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from weldon.errors import UsageError
from weldon.inference import open_run
from weldon.recipes import Look
from weldon.reproduce import reproduce
from weldon.reproduce.measure import View
from weldon.training import fit


class PowerCutError(BaseException):
    """Ends the process in the middle, as a power cut would."""


@pytest.fixture
def trained(monkeypatch) -> list[str]:
    """The folders that training wrote to, in order."""
    folders = []
    original = fit._train

    def record(recipe, claim, **how):
        folders.append(claim.home.path.name)
        original(recipe, claim, **how)

    monkeypatch.setattr(fit, "_train", record)
    return folders


GRID = ({"lr": [1e-3, 1e-2]},)


def test_the_best_setting_is_tested_with_every_seed(place, row, table, trained):
    results = reproduce(table(row("max", {"pool": "max"}, grid=GRID, seeds=(0, 1))), place)
    cell = results.cells["max", "scenes"]
    assert [figures["seed"] for figures in cell.figures] == [0, 1]
    assert len(trained) == 3  # two settings, and the second seed of the better one
    held_back = {
        run.name: json.loads((run / "manifest.json").read_text())["validation"]["best"]
        for run in (place.out / "runs").iterdir()
    }
    settings = dict(zip(trained[:2], ({"lr": 1e-3}, {"lr": 1e-2}), strict=True))
    best = max(settings, key=lambda name: (held_back[name], name == trained[1]))
    assert cell.chosen == [settings[best]]
    assert cell.runs == [[best], [trained[2]]]


def test_a_second_call_trains_and_measures_nothing(place, row, table, trained, monkeypatch):
    small = table(row("max", {"pool": "max"}, grid=GRID, seeds=(0, 1)))
    first = reproduce(small, place)
    trained.clear()
    monkeypatch.setattr(View, "measure", None)
    assert reproduce(small, place).cells == first.cells
    assert trained == []


def test_equal_rows_of_different_tables_are_trained_once(place, row, table, trained):
    first = reproduce(table(row("max", {"pool": "max", "lr": 1e-2})), place)
    second = reproduce(table(row("again", {"pool": "max"}, grid=({"lr": 0.01},)), name="other"), place)
    assert len(trained) == 1
    assert first.cells["max", "scenes"].figures == second.cells["again", "scenes"].figures


def test_every_run_is_a_run_like_any_other(place, row, table):
    cell = reproduce(table(row("max", {"pool": "max"})), place).cells["max", "scenes"]
    run = open_run(place.out / "runs" / cell.runs[0][0])
    assert run.class_names == tuple("134789")
    assert not run.last.exists()  # what only an interrupted run needs


def test_an_interrupted_run_goes_on_where_it_stopped(place, row, table, trained, monkeypatch):
    small = table(row("max", {"pool": "max", "epochs": 2, "freeze": False}))
    with monkeypatch.context() as patch:
        patch.setattr(fit, "_write_end", _cut)
        with pytest.raises(PowerCutError):
            reproduce(small, place)
    (folder,) = (place.out / "runs").iterdir()
    assert (folder / "weights" / "last.ckpt").is_file()
    begun = (folder / "metrics.csv").read_text()
    cell = reproduce(small, place).cells["max", "scenes"]
    assert cell.figures
    assert not cell.reason
    assert (folder / "metrics.csv").read_text().startswith(begun)
    assert trained == [folder.name, folder.name]


def _cut(*_, **__):
    raise PowerCutError


def test_a_row_that_fails_leaves_the_others_alone(place, row, table):
    small = table(row("odd", {"image_size": 50}), row("max", {"pool": "max"}))
    results = reproduce(small, place)
    assert "image_size must be a multiple of 32" in results.cells["odd", "scenes"].reason
    assert results.cells["max", "scenes"].figures


def test_even_an_unforeseen_failure_leaves_the_others_alone(place, row, table, monkeypatch):
    original = fit._train

    def fail(recipe, claim, **how):
        if recipe.pool == "avg":
            raise RuntimeError("out of luck")
        original(recipe, claim, **how)

    monkeypatch.setattr(fit, "_train", fail)
    results = reproduce(table(row("average", {"pool": "avg"}), row("max", {"pool": "max"})), place)
    assert results.cells["average", "scenes"].reason == "RuntimeError: out of luck"
    assert results.cells["max", "scenes"].figures


def test_an_absent_data_set_is_named_and_the_others_go_on(place, row, table, scenes):
    absent = scenes.model_copy(update={"name": "voc2007", "folder": None, "dataset": "voc2007"})
    absent = absent.model_copy(update={"how_to_get": "`weldon data get voc2007`"})
    results = reproduce(table(row("max", {"pool": "max"}), sources=(absent, scenes)), place)
    assert results.cells["max", "voc2007"].reason == "needs voc2007: `weldon data get voc2007`"
    assert results.cells["max", "scenes"].figures
    assert "not run: all rows: needs voc2007: `weldon data get voc2007`" in results.to_text()


def test_absent_weights_are_named(place, row, table, monkeypatch):
    monkeypatch.delenv("WELDON_WEIGHTS", raising=False)
    results = reproduce(table(row("max", {"weights": "none.safetensors"})), place)
    reason = "needs none.safetensors: set WELDON_WEIGHTS to its folder, or --set weights=FILE"
    assert results.cells["max", "scenes"].reason == reason


def test_rows_that_were_not_asked_for_show_what_was_finished_before(place, row, table, trained):
    small = table(row("max", {"pool": "max"}), row("average", {"pool": "avg"}))
    first = reproduce(small, place, rows=("max",))
    assert first.cells["average", "scenes"].reason == "not asked for (--rows)"
    second = reproduce(small, place, rows=("average",))
    assert second.cells["max", "scenes"] == first.cells["max", "scenes"]
    assert len(trained) == 2


def test_rows_that_were_not_asked_for_are_not_measured_either(place, row, table, monkeypatch):
    reproduce(table(row("max", {"pool": "max"})), place)
    crops = table(row("crops", {"pool": "max"}, look=Look(ten_crops=True)))  # trained, not measured like this
    monkeypatch.setattr(View, "measure", None)
    assert reproduce(crops, place, rows=()).cells["crops", "scenes"].reason == "not asked for (--rows)"


def test_options_that_are_set_go_before_those_of_the_recipe(place, row, table, trained):
    changed = replace(place, options={**place.options, "lr": "0.5", "k": "all"}, seeds=(3,))
    cell = reproduce(table(row("weldon", {"k": 0.2}, grid=GRID)), changed).cells["weldon", "scenes"]
    assert len(trained) == 1  # --set made the settings of the grid equal
    run = open_run(place.out / "runs" / trained[0])
    assert cell.figures[0]["seed"] == 3
    assert 'k = "all"' in run.config.read_text()


@pytest.mark.parametrize("name", ["data", "seed", "val"])
def test_what_the_protocol_decides_cannot_be_set(place, row, table, name):
    with pytest.raises(UsageError, match=f"--set cannot change {name!r}"):
        reproduce(table(row("max")), replace(place, options={name: "1"}))


def test_several_scales_and_ten_crops_use_the_runs_of_other_rows(place, row, table, trained):
    small = table(
        row("small", {"k": 1}),
        row("large", {"k": 1, "image_size": 96}),
        row("both", {"k": 1}, look=Look(models=({}, {"image_size": 96}), combine="average")),
        row("one", {"k": 1}, look=Look(scales=(64, 96), fit_on="val")),
        row("crops", {"k": 1}, look=Look(ten_crops=True)),
    )
    results = reproduce(small, place)
    assert len(trained) == 2
    assert all(len(cell.figures) == 1 for cell in results.cells.values())
    assert results.cells["both", "scenes"].runs == [[*trained]]
