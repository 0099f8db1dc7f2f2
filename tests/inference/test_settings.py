"""What a run directory says is read back, and a file that cannot be used is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weldon.errors import DataError, UsageError
from weldon.inference.decision import DEFAULT_MAP_SCALE
from weldon.inference.settings import (
    read_box_threshold,
    read_decision,
    read_transform_options,
)
from weldon.runs.run_directory import RunDirectory


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
    assert read_transform_options(run) == {"image_size": 96, "resize": "warp", "window": None}


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
    thresholds({"cat": 0.0, "dog": 0.0, "cow": 0.0}, run)
    with pytest.raises(DataError, match=r"classes that classes\.txt does not have\n  cow"):
        read_decision(run)


def test_a_task_left_open_is_read_from_the_manifest(run):
    run.config.write_text(run.config.read_text().replace("multilabel", "auto"))
    with pytest.raises(DataError, match=r"is not finished: go on with `weldon train --resume"):
        read_decision(run)
    run.manifest.write_text('{"task": "multiclass"}')
    assert read_decision(run).task == "multiclass"


@pytest.mark.parametrize("unfitted", [None, float("nan")])
def test_a_class_that_no_validation_image_shows_is_predicted_from_one_half(run, unfitted, caplog):
    thresholds({"cat": 1.5, "dog": unfitted}, run)
    assert read_decision(run).thresholds == {"cat": 1.5, "dog": 0.0}
    assert "thresholds.json has no threshold for " in caplog.text


@pytest.mark.parametrize("scale", [0, None])
def test_maps_without_any_value_are_drawn_on_the_default_scale(run, scale):
    thresholds({"cat": 0.0, "dog": 0.0}, run, map_scale=scale)
    assert read_decision(run).map_scale == DEFAULT_MAP_SCALE


def test_thresholds_on_another_scale_are_refused(run):
    thresholds({"cat": 0.5, "dog": 0.5}, run, scale="probability")
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


@pytest.mark.parametrize("name", ["thresholds", "segmentation", "localisation"])
@pytest.mark.parametrize(
    "broken",
    [b"", b"{", b"[]", b"\xff\xfe\xfd", b'{"a": 1}\0', b"[" * 100_000, b'{"classes": ' + b"9" * 5000 + b"}"],
    ids=["empty", "cut", "list", "no text", "zero byte", "deep", "5000 digits"],
)
def test_a_damaged_file_is_named_with_the_way_out(run, name, broken):
    path = getattr(run, name)
    path.write_bytes(broken)
    with pytest.raises(DataError, match=rf"{name}\.json"):
        read_decision(run)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("thresholds", {"scale": "score", "classes": {"cat": 1.0, "dog": True}}),
        ("thresholds", {"scale": "score", "classes": {"cat": 1.0, "dog": float("inf")}}),
        ("thresholds", {"scale": "score", "classes": {"cat": 1.0, "dog": 10**400}}),
        ("thresholds", {"scale": "score", "classes": [1.0, 2.0]}),
        ("thresholds", {"scale": "score", "classes": {"cat": 1.0, "dog": 0}, "map_scale": "wide"}),
        ("thresholds", {"scale": "score", "classes": {"cat": 1.0, "dog": 0}, "map_scale": -1.0}),
        ("segmentation", {"background": float("nan"), "relative": True, "crf": {}}),
        ("segmentation", {"background": 0.5, "relative": "yes", "crf": {}}),
        ("segmentation", {"background": 0.5, "relative": True, "crf": {"background": 0.5, "sharpness": "1"}}),
        (
            "segmentation",
            {"background": 0.5, "relative": True, "crf": {"background": 0.5, "sharpness": 1, "x": 1}},
        ),
        ("localisation", {"box_threshold": 10**400}),
        ("localisation", {"box_threshold": 0.5, "thresholds": ["0.1"]}),
        ("localisation", {"box_threshold": 0.5, "tuned_on": {"images": 3}}),
    ],
)
def test_values_of_another_kind_are_named(run, name, values):
    path = getattr(run, name)
    path.write_text(json.dumps(values))
    with pytest.raises(DataError, match=rf"{name}\.json"):
        read_decision(run)


@pytest.mark.parametrize(
    "line",
    ["image_size = 1000000", "image_size = 8", "image_size = true", 'image_size = "96"', 'resize = "tiled"'],
)
def test_a_canvas_that_no_recipe_allows_is_refused(run, line):
    name = line.split(" = ")[0]
    kept = [row for row in run.config.read_text().splitlines() if not row.startswith(name)]
    run.config.write_text("\n".join([*kept, line]))
    with pytest.raises(DataError, match=rf"config\.toml: {name} must be"):
        read_transform_options(run)


def test_classes_in_another_order_than_their_thresholds_are_refused(run):
    run.classes.write_text("dog\ncat\n")
    with pytest.raises(DataError, match=r"thresholds\.json and .*classes\.txt name the classes in different"):
        read_decision(run)


def test_thresholds_that_lack_a_class_are_refused(run):
    thresholds({"cat": 0.5}, run)
    with pytest.raises(DataError, match=r"thresholds\.json lacks classes that classes\.txt names\n  dog"):
        read_decision(run)
