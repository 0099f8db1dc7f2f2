"""A table is run row by row: what is finished is not run again, what fails does not stop the rest."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from weldon.data import read_labels
from weldon.data.scenes import CLASSES
from weldon.errors import UsageError
from weldon.evaluation import evaluate
from weldon.inference import open_run
from weldon.recipes import Column, Look, Table, list_tables
from weldon.reproduce import Workspace, reproduce
from weldon.reproduce.run_rows import View, plan
from weldon.reproduce.trials import Run
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


def test_the_best_setting_is_tested_with_every_seed(workspace, row, table, trained):
    results = reproduce(table(row("max", {"pool": "max"}, grid=GRID, seeds=(0, 1))), workspace)
    cell = results.cells["max", "scenes"]
    assert [figures["seed"] for figures in cell.figures] == [0, 1]
    assert len(trained) == 3  # two settings, and the second seed of the better one
    held_back = {
        run.name: json.loads((run / "manifest.json").read_text())["validation"]["best"]
        for run in (workspace.out / "runs").iterdir()
    }
    settings = dict(zip(trained[:2], ({"lr": 1e-3}, {"lr": 1e-2}), strict=True))
    best = max(settings, key=lambda name: (held_back[name], name == trained[1]))
    assert cell.chosen == [settings[best]]
    assert cell.runs == [[best], [trained[2]]]


def test_a_second_call_trains_and_measures_nothing(workspace, row, table, trained, monkeypatch):
    small = table(row("max", {"pool": "max"}, grid=GRID, seeds=(0, 1)))
    first = reproduce(small, workspace)
    trained.clear()
    monkeypatch.setattr(View, "measure", None)
    assert reproduce(small, workspace).cells == first.cells
    assert trained == []


def test_equal_rows_of_different_tables_are_trained_once(workspace, row, table, trained):
    first = reproduce(table(row("max", {"pool": "max", "lr": 1e-2})), workspace)
    second = reproduce(table(row("again", {"pool": "max"}, grid=({"lr": 0.01},)), name="other"), workspace)
    assert len(trained) == 1
    assert first.cells["max", "scenes"].figures == second.cells["again", "scenes"].figures


def test_every_run_is_a_run_like_any_other(workspace, row, table):
    cell = reproduce(table(row("max", {"pool": "max"})), workspace).cells["max", "scenes"]
    run = open_run(workspace.out / "runs" / cell.runs[0][0])
    assert run.class_names == tuple("134789")
    assert not run.last.exists()  # what only an interrupted run needs


def test_an_interrupted_run_goes_on_where_it_stopped(workspace, row, table, trained, monkeypatch):
    small = table(row("max", {"pool": "max", "epochs": 2, "freeze": False}))
    with monkeypatch.context() as patch:
        patch.setattr(fit, "write_end", _cut)
        with pytest.raises(PowerCutError):
            reproduce(small, workspace)
    (folder,) = (workspace.out / "runs").iterdir()
    assert (folder / "weights" / "last.ckpt").is_file()
    begun = (folder / "metrics.csv").read_text()
    cell = reproduce(small, workspace).cells["max", "scenes"]
    assert cell.figures
    assert not cell.reason
    assert (folder / "metrics.csv").read_text().startswith(begun)
    assert trained == [folder.name, folder.name]


def _cut(*_, **__):
    raise PowerCutError


def test_a_row_that_fails_leaves_the_others_alone(workspace, row, table):
    small = table(row("odd", {"image_size": 50}), row("max", {"pool": "max"}))
    results = reproduce(small, workspace)
    assert "image_size must be a multiple of 32" in results.cells["odd", "scenes"].reason
    assert results.cells["max", "scenes"].figures


def test_even_an_unforeseen_failure_leaves_the_others_alone(workspace, row, table, monkeypatch):
    original = fit._train

    def fail(recipe, claim, **how):
        if recipe.pool == "avg":
            raise RuntimeError("out of luck")
        original(recipe, claim, **how)

    monkeypatch.setattr(fit, "_train", fail)
    results = reproduce(table(row("average", {"pool": "avg"}), row("max", {"pool": "max"})), workspace)
    assert results.cells["average", "scenes"].reason == "RuntimeError: out of luck"
    assert results.cells["max", "scenes"].figures


def test_an_absent_data_set_is_named_and_the_others_go_on(workspace, row, table, scenes):
    absent = scenes.model_copy(update={"name": "voc2007", "folder": None, "dataset": "voc2007"})
    absent = absent.model_copy(update={"how_to_get": "`weldon data get voc2007`"})
    results = reproduce(table(row("max", {"pool": "max"}), sources=(absent, scenes)), workspace)
    assert results.cells["max", "voc2007"].reason == "needs voc2007: `weldon data get voc2007`"
    assert results.cells["max", "scenes"].figures
    assert "not run: all rows: needs voc2007: `weldon data get voc2007`" in results.to_text()


def test_absent_weights_are_named(workspace, row, table, monkeypatch):
    monkeypatch.delenv("WELDON_WEIGHTS", raising=False)
    results = reproduce(table(row("max", {"weights": "none.safetensors"})), workspace)
    reason = "needs none.safetensors: set WELDON_WEIGHTS to its folder, or --set weights=FILE"
    assert results.cells["max", "scenes"].reason == reason


def test_rows_that_were_not_asked_for_show_what_was_finished_before(workspace, row, table, trained):
    small = table(row("max", {"pool": "max"}), row("average", {"pool": "avg"}))
    first = reproduce(small, workspace, rows=("max",))
    assert first.cells["average", "scenes"].reason == "not asked for (--rows)"
    second = reproduce(small, workspace, rows=("average",))
    assert second.cells["max", "scenes"] == first.cells["max", "scenes"]
    assert len(trained) == 2


def test_rows_that_were_not_asked_for_are_not_measured_either(workspace, row, table, monkeypatch):
    reproduce(table(row("max", {"pool": "max"})), workspace)
    crops = table(row("crops", {"pool": "max"}, look=Look(ten_crops=True)))  # trained, not measured like this
    monkeypatch.setattr(View, "measure", None)
    assert reproduce(crops, workspace, rows=()).cells["crops", "scenes"].reason == "not asked for (--rows)"


def test_options_that_are_set_go_before_those_of_the_recipe(workspace, row, table, trained):
    changed = replace(workspace, options={**workspace.options, "lr": "0.5", "k": "all"}, seeds=(3,))
    cell = reproduce(table(row("weldon", {"k": 0.2}, grid=GRID)), changed).cells["weldon", "scenes"]
    assert len(trained) == 1  # --set made the settings of the grid equal
    run = open_run(workspace.out / "runs" / trained[0])
    assert cell.figures[0]["seed"] == 3
    assert 'k = "all"' in run.config.read_text()


@pytest.mark.parametrize("name", ["data", "seed", "val"])
def test_what_the_protocol_decides_cannot_be_set(workspace, row, table, name):
    with pytest.raises(UsageError, match=f"--set cannot change {name!r}"):
        reproduce(table(row("max")), replace(workspace, options={name: "1"}))


def test_several_scales_and_ten_crops_use_the_runs_of_other_rows(workspace, row, table, trained):
    small = table(
        row("small", {"k": 1}),
        row("large", {"k": 1, "image_size": 96}),
        row("both", {"k": 1}, look=Look(models=({}, {"image_size": 96}), combine="average")),
        row("one", {"k": 1}, look=Look(scales=(64, 96), fit_on="val")),
        row("crops", {"k": 1}, look=Look(ten_crops=True)),
    )
    results = reproduce(small, workspace)
    assert len(trained) == 2
    assert all(len(cell.figures) == 1 for cell in results.cells.values())
    assert results.cells["both", "scenes"].runs == [[*trained]]


GRID = ({"lr": [1e-3, 1e-2]},)


def test_a_plan_counts_runs_and_estimates_their_time(workspace, row, table):
    (step,) = plan(table(row("max", grid=GRID, seeds=(0, 1, 2))), workspace)
    assert step.runs == 4  # two settings, and two more seeds of the better one
    assert step.seconds == pytest.approx(4 * 0.8 * 30 * 1 / 10.0)
    assert not (workspace.out / "runs").exists()


def test_a_run_that_two_rows_share_counts_once(workspace, row, table):
    assert [step.runs for step in plan(table(row("one"), row("two")), workspace)] == [1, 0]


def test_what_is_finished_counts_no_more(workspace, row, table):
    one = table(row("max", grid=GRID, seeds=(0, 1)))
    assert [step.runs for step in plan(one, workspace)] == [3]
    reproduce(one, replace(workspace, seeds=(0,)))
    assert [step.runs for step in plan(one, workspace)] == [1]


def test_larger_images_take_longer(workspace, row, table):
    (usual,) = plan(table(row("max")), workspace)
    (larger,) = plan(
        table(row("max")), replace(workspace, options={**workspace.options, "image_size": "128"})
    )
    assert larger.seconds == pytest.approx(4 * usual.seconds)


@pytest.mark.parametrize("name", list_tables())
def test_every_table_can_be_planned_where_nothing_is(name, workspace, tmp_path):
    steps = plan(name, replace(workspace, data_root=tmp_path / "nothing"))
    assert all(step.absent.startswith("needs ") for step in steps)
    assert sum(step.runs for step in steps) > 0


@pytest.fixture(scope="session")
def masked_root(data_root):
    """The scenes with masks: the left half is the first label, the rest background."""
    folder = data_root / "scenes"
    for record in read_labels(folder, folder / "labels.csv").records:
        with Image.open(record.path) as image:
            mask = np.zeros((image.height, image.width), np.uint8)
        mask[:, : mask.shape[1] // 2] = 1 + CLASSES.index(min(record.labels))
        workspace = (folder / "drawn" / record.file_name).with_suffix(".png")
        workspace.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(workspace)
    return data_root


def test_masks_are_measured_with_background_and_crf_chosen_on_others(masked_root, tmp_path, row, scenes):
    source = scenes.model_copy(update={"truth": {"masks": "drawn"}, "tuning": {"masks": 3}})
    columns = (
        Column(key="miou", title="mIoU", data="scenes", figure="miou"),
        Column(key="crf", title="CRF", data="scenes", figure="miou_crf"),
        Column(key="known", title="true labels", data="scenes", figure="miou", flags={"known_labels": True}),
    )
    small = Table(
        name="small",
        title="S",
        source="-",
        columns=columns,
        sources=(source,),
        rows=(row("max", {"pool": "max"}),),
    )
    workspace = Workspace(masked_root, tmp_path, options={"cache": str(tmp_path / "cache")})
    (figures,) = reproduce(small, workspace).cells["max", "scenes"].figures
    tuning = tmp_path / "labels" / "scenes-tuning.txt"
    assert len(tuning.read_text().split()) == 3
    (run,) = (tmp_path / "runs").iterdir()
    asked = {"split": "test", "masks": masked_root / "scenes" / "drawn", "tune_on": tuning}
    chosen = evaluate(run, tune_crf=True, **asked)
    assert (figures["miou"], figures["crf"]) == pytest.approx((chosen["miou"], chosen["miou_crf"]))
    assert figures["known"] == pytest.approx(evaluate(run, known_labels=True, **asked)["miou"])


def test_a_run_is_named_by_what_decides_its_outcome(workspace, scenes):
    def key(**options: object) -> str:
        return Run(workspace, scenes, {"seed": 0, **options}).key

    assert key(lr=0.1) == key(lr="0.1", workers=7, device="cpu", cache="elsewhere")
    assert key(weights="/here/net.safetensors") == key(weights="/there/net.safetensors")
    assert key(pool="weldon") == key()  # the default, said or not
    assert len({key(), key(lr=0.1), key(seed=1), key(pool="max"), key(image_size=224)}) == 5
    other = scenes.model_copy(update={"name": "others"})
    assert Run(workspace, other, {"seed": 0}).key != key()


@pytest.fixture
def view(workspace, scenes, monkeypatch):
    """A finished run of which each measuring gives 0.5, and no figure for pointwise."""
    measured = []

    def measure(self, wanted, flags):
        measured.append(sorted(wanted))
        return {"map": 0.5, "pointwise": math.nan}

    monkeypatch.setattr(View, "measure", measure)
    return View([Run(workspace, scenes, {"seed": 0})], Look()), measured


COLUMNS = [Column(key=figure, title=figure, data="scenes", figure=figure) for figure in ("map", "pointwise")]


def test_what_was_measured_is_kept_even_where_it_is_no_number(view):
    one, measured = view
    for _ in range(2):
        figures = one.figures(COLUMNS)
        assert figures["map"] == 0.5
        assert math.isnan(figures["pointwise"])
    assert measured == [["map", "pointwise"]]


@pytest.mark.parametrize(
    "content", [b"", b'{"map": 0.', b"[1]", b"\xff\xff", b'{"map": "x", "pointwise": true}']
)
def test_kept_figures_that_are_damaged_are_measured_again(view, workspace, content):
    one, measured = view
    one.figures(COLUMNS)
    (kept,) = (workspace.out / "figures").iterdir()
    kept.write_bytes(content)
    assert one.figures(COLUMNS)["map"] == 0.5
    assert measured == [["map", "pointwise"]] * 2
    one.figures(COLUMNS)
    assert len(measured) == 2
