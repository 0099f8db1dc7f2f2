"""The images of a run as a review sees them: those it learnt from and validated on, with their labels."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from weldon.data.corrections import Correction, append_correction
from weldon.errors import DataError, UsageError
from weldon.review.run_maps import read_run_maps
from weldon.runs.run_directory import RunDirectory
from weldon.training.heads import Setting


@pytest.fixture(scope="module")
def maps(run):
    return read_run_maps(run, device="cpu")


def test_images_to_train_and_validate_on_are_read_and_the_test_split_is_left_alone(maps):
    splits = [record.split for record in maps.records]
    assert {name: splits.count(name) for name in splits} == {"train": 36, "val": 16}
    assert "4 images of the test split are left alone" in maps.notes
    assert maps.notes[-1] == "52 training and validation images"


def test_what_nobody_knows_stays_unknown(maps):
    place = next(n for n, r in enumerate(maps.records) if r.file_name == "train/00000.png")
    known = dict(zip(maps.decision.classes, maps.dataset.known[place].tolist(), strict=True))
    assert [name for name, yes in known.items() if not yes] == ["9"]


def test_corrections_change_labels_and_are_remembered(run, tmp_path):
    table = tmp_path / "c.csv"
    append_correction(table, Correction("val/00001.png", "3", "absent", "unknown"))
    found = read_run_maps(run, corrections=table, device="cpu")
    assert found.reviewed == {("val/00001.png", "3")}


def test_a_head_learns_as_the_runs_own_did(maps):
    assert maps.setting() == Setting(0.5, maps.recipe.decay_rate)
    assert maps.batch_size == 8  # at least eight images a step


def test_a_loss_whose_scores_are_no_log_odds_has_its_setting_searched(maps, monkeypatch):
    monkeypatch.setattr(
        "weldon.review.run_maps.HeadSearch.run", lambda search: SimpleNamespace(chosen=("found", search.seed))
    )
    ranked = replace(maps, recipe=maps.recipe.model_copy(update={"loss": "ap"}))
    assert ranked.setting() == ("found", maps.recipe.seed)


def test_labels_of_other_classes_are_refused_by_name(run, scenes, tmp_path):
    table = (scenes / "wide.csv").read_text().replace(",9", ",cow", 1)
    (tmp_path / "other.csv").write_text(table)
    other = RunDirectory(tmp_path / "run")
    other.path.mkdir()
    (other.path / "weights").symlink_to(run.path / "weights")
    for path in (run.classes, run.splits, run.thresholds, run.calibration, run.manifest):
        (other.path / path.name).write_bytes(path.read_bytes())
    config = run.config.read_text().replace(str(scenes / "wide.csv"), str(tmp_path / "other.csv"))
    other.config.write_text(config)
    with pytest.raises(DataError, match=r"(?s)class 'cow' is new.*class '9' is gone"):
        read_run_maps(other, device="cpu")


def test_a_folder_that_is_no_finished_run_is_refused(tmp_path):
    with pytest.raises((UsageError, DataError)):
        read_run_maps(RunDirectory(tmp_path), device="cpu")
