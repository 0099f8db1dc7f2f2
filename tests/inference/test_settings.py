"""What a run directory says is read back, and a file that cannot be used is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weldon.errors import DataError, UsageError
from weldon.inference.decision import DEFAULT_MAP_SCALE
from weldon.inference.run_directory import RunDirectory
from weldon.inference.settings import (
    read_box_threshold,
    read_decision,
    read_json_object,
    read_transform_options,
)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """The texts of a finished run with the classes cat and dog."""
    run = RunDirectory(tmp_path)
    run.classes.write_text("cat\ndog\n")
    run.config.write_text('image_size = 96\nresize = "warp"\ntask = "multilabel"\nlr = 0.1\n')
    thresholds({"cat": 1.5, "dog": -0.25}, run, map_scale=2.5)
    return run


def thresholds(classes: dict[str, float | None], run: RunDirectory, **others) -> None:
    run.thresholds.write_text(json.dumps({"scale": "score", "classes": classes, **others}))


def test_the_canvas_is_the_one_of_training(run):
    assert read_transform_options(run) == {"image_size": 96, "resize": "warp"}


def test_a_recipe_without_a_canvas_is_refused_by_what_it_lacks(run):
    run.config.write_text('resize = "keep"\n')
    with pytest.raises(DataError, match=r"config\.toml must name image_size; it is written"):
        read_transform_options(run)


def test_a_recipe_that_is_no_toml_is_named(run):
    run.config.write_text("image_size = \n")
    with pytest.raises(DataError, match=r"config\.toml is not TOML"):
        read_transform_options(run)


def test_thresholds_and_colours_are_those_that_training_wrote(run):
    decision = read_decision(run)
    assert (decision.classes, decision.task) == (("cat", "dog"), "multilabel")
    assert decision.thresholds == {"cat": 1.5, "dog": -0.25}
    assert decision.map_scale == 2.5


def test_thresholds_of_other_classes_are_refused(run):
    thresholds({"cat": 0.0, "cow": 0.0}, run)
    with pytest.raises(DataError, match=r"classes that classes\.txt does not have\n  cow"):
        read_decision(run)


def test_a_task_left_open_is_read_from_the_manifest(run):
    run.config.write_text(run.config.read_text().replace("multilabel", "auto"))
    with pytest.raises(DataError, match=r"leaves the task open and manifest\.json does not name it"):
        read_decision(run)
    run.manifest.write_text('{"task": "multiclass"}')
    assert read_decision(run).task == "multiclass"


@pytest.mark.parametrize("unfitted", [None, float("nan")])
def test_a_class_that_no_validation_image_shows_is_predicted_from_one_half(run, unfitted):
    thresholds({"cat": 1.5, "dog": unfitted}, run)
    assert read_decision(run).thresholds == {"cat": 1.5, "dog": 0.0}


@pytest.mark.parametrize("scale", [0, None])
def test_maps_without_any_value_are_drawn_on_the_default_scale(run, scale):
    thresholds({"cat": 0.0}, run, map_scale=scale)
    assert read_decision(run).map_scale == DEFAULT_MAP_SCALE


def test_thresholds_on_another_scale_are_refused(run):
    thresholds({"cat": 0.5}, run, scale="probability")
    with pytest.raises(DataError, match=r"thresholds\.json must hold .* 'score', got 'probability'"):
        read_decision(run)


@pytest.mark.parametrize(
    "broken", ["{", "[]", '{"scale": "score"}', '{"scale": "score", "classes": {"cat": "high"}}']
)
def test_thresholds_that_cannot_be_read_are_named(run, broken):
    run.thresholds.write_text(broken)
    with pytest.raises(DataError, match=r"thresholds\.json"):
        read_decision(run)


def test_a_run_that_did_not_finish_says_how_to_finish_it(run):
    run.thresholds.unlink()
    with pytest.raises(UsageError, match=f"--resume --out {run.path}"):
        read_decision(run)


def test_a_box_threshold_is_the_chosen_one_else_one_half(run):
    assert read_box_threshold(run) == 0.5
    run.localisation.write_text('{"box_threshold": 0.35}')
    assert read_decision(run).box_threshold == 0.35


@pytest.mark.parametrize("stored", ['{"box_threshold": 1.0}', '{"box_threshold": "half"}', "{}"])
def test_a_box_threshold_out_of_range_is_refused(run, stored):
    run.localisation.write_text(stored)
    with pytest.raises(DataError, match="box_threshold"):
        read_box_threshold(run)


def test_no_file_is_no_value_and_no_object_is_an_error(tmp_path):
    assert read_json_object(tmp_path / "a.json") is None
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(DataError, match=r"a\.json must hold a JSON object, got list"):
        read_json_object(tmp_path / "a.json")
