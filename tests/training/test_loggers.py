"""Figures of a run go where the recipe says, and what is kept elsewhere names the run's folder."""

from __future__ import annotations

import csv
import sqlite3

import pytest

from weldon.data.scenes import make_scenes, write_scenes
from weldon.errors import UsageError
from weldon.runs.recipe_file import build_recipe
from weldon.runs.run_contents import strangers
from weldon.runs.run_directory import RunDirectory
from weldon.training import loggers, train

QUICK = {"model": "test_resnet", "weights": "none", "image_size": 64, "workers": 0, "device": "cpu"}
QUICK |= {"batch_size": 2, "progress": False}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logged")
    splits = {"train": 20, "val": 6}
    write_scenes(folder / "scenes", {name: make_scenes(n, split=name, seed=0) for name, n in splits.items()})
    return folder / "scenes"


def trained(scenes, out, logger, **options):
    return train(scenes, scenes / "labels.csv", out=out, logger=logger, **({"epochs": 1} | QUICK | options))


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_has_the_steps_and_the_epochs_and_nothing_else_is_written(scenes, tmp_path):
    run = trained(scenes, tmp_path / "run", "csv")
    rows = rows_of(run.path / "csv" / "steps.1" / "metrics.csv")
    of_epochs = [float(row["val/map"]) for row in rows if row["val/map"]]
    assert of_epochs == pytest.approx([float(row["val/map"]) for row in rows_of(run.metrics)], abs=1e-6)
    steps = next(name for name in rows[0] if name.startswith("train/loss"))
    assert any(float(row[steps]) > 0 for row in rows if row[steps])
    assert not (run.path / "tensorboard").exists()
    assert strangers(run.path) == []


def test_a_resumed_run_keeps_the_rows_of_its_first_part(scenes, tmp_path):
    run = trained(scenes, tmp_path / "run", "csv")
    before = (run.path / "csv" / "steps.1" / "metrics.csv").read_bytes()
    trained(scenes, tmp_path / "run", "csv", resume=True, epochs=2)
    assert (run.path / "csv" / "steps.1" / "metrics.csv").read_bytes() == before
    assert [row for row in rows_of(run.path / "csv" / "steps.2" / "metrics.csv") if row["val/map"]]


def test_two_loggers_have_the_same_figures(scenes, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = trained(scenes, tmp_path / "run", "tensorboard,csv")
    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    rows = rows_of(run.path / "csv" / "steps.1" / "metrics.csv")
    written = [float(row["val/map"]) for row in rows if row["val/map"]]
    assert [event.value for event in events.Scalars("val/map")] == pytest.approx(written)


def test_mlflow_without_a_server_keeps_figures_beside_the_run_and_names_its_folder(
    scenes, tmp_path, monkeypatch
):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    pytest.importorskip("alembic", reason="the extra mlflow is not installed")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = trained(scenes, tmp_path / "run", "mlflow")
    with sqlite3.connect(tmp_path / "mlflow.db") as store:
        figures = dict(store.execute("select key, value from metrics"))
        options = dict(store.execute("select key, value from params"))
        tags = dict(store.execute("select key, value from tags"))
        states = store.execute("select name, status from runs").fetchall()
    assert figures["val/map"] == pytest.approx(float(rows_of(run.metrics)[-1]["val/map"]), abs=1e-6)
    assert (options["run_directory"], options["model"]) == (str(run.path), "test_resnet")
    assert tags["run"] == str(run.path)
    assert states == [("run", "FINISHED")]


def test_wandb_offline_keeps_figures_in_the_run_and_names_its_folder(scenes, tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="the extra wandb is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = trained(scenes, tmp_path / "run", "wandb")
    (record,) = (run.path / "wandb").glob("offline-run-*/*.wandb")
    content = record.read_bytes()
    assert b"val/map" in content
    assert str(run.path).encode() in content
    assert wandb.run is None  # finished: a second run begins its own record
    assert strangers(run.path) == []


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_logger_that_is_not_installed_is_refused_before_anything_is_written(
    scenes, tmp_path, monkeypatch, name
):
    monkeypatch.setattr(loggers, "find_spec", lambda package: None)
    with pytest.raises(UsageError, match=rf"{name} must be installed: pip install .*\[{name}\]"):
        trained(scenes, tmp_path / "run", name)
    assert not (tmp_path / "run").exists()


def test_a_store_that_cannot_be_reached_is_a_sentence(tmp_path, monkeypatch):
    def broken(run, home):
        raise RuntimeError("no route to the server\nand a second line")

    monkeypatch.setitem(loggers._LOGGERS, "csv", broken)
    recipe = build_recipe({"data": "photos", "logger": "csv"})
    with pytest.raises(UsageError, match=r"logger 'csv' cannot begin: no route to the server$"):
        loggers.build_loggers(recipe, RunDirectory(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("given", "words"),
    [("csv,csv", "must name each once"), ("paper", "'tensorboard', 'csv'"), (",", "logger")],
)
def test_names_that_cannot_be_used_are_refused(given, words):
    with pytest.raises(UsageError, match=words):
        build_recipe({"data": "photos", "logger": given})


def test_the_recipe_is_read_back_as_it_was_written(scenes, tmp_path):
    run = trained(scenes, tmp_path / "run", "csv,tensorboard")
    assert RunDirectory(run.path).recipe.logger == ("csv", "tensorboard")
