"""``weldon val --scales`` and ``--ten-crops`` on scenes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weldon.cli import main
from weldon.errors import UsageError
from weldon.evaluation import evaluate
from weldon.evaluation.multiscale import plan_scales
from weldon.evaluation.options import read_options
from weldon.evaluation.ten_crops import evaluate_ten_crops
from weldon.runs.run_directory import open_run
from weldon.training import train

TINY = {"model": "test_resnet", "weights": "none", "batch_size": 8, "workers": 0, "lrp": 1.0, "epochs": 1}


@pytest.fixture(scope="module")
def runs(scenes, tmp_path_factory) -> dict[str, Path]:
    """A fine-tuned run at 64 px, a frozen one at 64 and one at 96."""
    home = tmp_path_factory.mktemp("runs")
    options = {"cache": home / "cache", "progress": False, **TINY}
    made = {
        "tuned": {"image_size": 64},
        "frozen": {"image_size": 64, "freeze": True, "search": False},
        "large": {"image_size": 96, "freeze": True, "search": False, "seed": 0},
    }
    return {
        name: train(scenes, scenes / "labels.csv", out=home / name, **options, **own).path
        for name, own in made.items()
    }


def test_a_scale_alone_is_what_val_measures(runs):
    figures = evaluate(runs["tuned"], scales=[64], scale_k="run", split="test")
    ((name, alone),) = figures["scales"].items()
    assert alone == pytest.approx(evaluate(runs["tuned"], split="test")["map"], abs=1e-6)
    assert name == "tuned at 64 px, WeldonPool(k_max=0.2, k_min=0.2)"


@pytest.mark.parametrize("name", ["tuned", "frozen"])
def test_one_run_at_several_scales(runs, name):
    figures = evaluate(runs[name], scales=[64, 96], scale_k=[1, 2], split="test")
    assert set(figures) >= {"map", "per_class", "images", "scales", "average", "object_bank"}
    assert [text.split("(")[1] for text in figures["scales"]] == ["k_max=1, k_min=1)", "k_max=2, k_min=2)"]
    assert figures["images"] == 8


def test_several_runs_each_at_its_own_scale(runs):
    figures = evaluate(runs["frozen"], others=[runs["large"]], combine="average", split="test")
    assert figures["map"] == figures["average"]
    alone = {name.split(",")[0]: value for name, value in figures["scales"].items()}
    assert alone["large at 96 px"] == pytest.approx(evaluate(runs["large"], split="test")["map"], abs=1e-6)


def test_table_3_sets_k_where_it_has_the_map(runs):
    figures = evaluate(runs["frozen"], scales=[224, 64], combine="average", split="test")
    assert [text.split("(")[1] for text in figures["scales"]] == [
        "k_max=5, k_min=5)",
        "k_max=0.2, k_min=0.2)",
    ]


def test_other_data_may_be_measured(runs, scenes):
    looks = {"scales": [64, 96], "scale_k": "run", "split": "test"}
    figures = evaluate(runs["tuned"], scenes, labels=scenes / "labels.csv", **looks)
    assert figures["map"] == pytest.approx(evaluate(runs["tuned"], **looks)["map"], abs=1e-6)


def test_what_it_is_fitted_on_is_not_measured(runs):
    with pytest.raises(UsageError, match="fit_on must name other images than those measured, got 'val': 16"):
        evaluate(runs["tuned"], scales=[64, 96], split="val", fit_on="val")


def test_a_run_that_was_trained_on_measured_images_is_refused(runs):
    other = runs["large"] / "splits.csv"
    kept = other.read_text()
    other.write_text(kept.replace(",test,", ",train,"))
    try:
        with pytest.raises(UsageError, match=r"large, which was trained on 8 of those measured"):
            evaluate(runs["frozen"], others=[runs["large"]], split="test")
    finally:
        other.write_text(kept)


def test_ten_crops_of_a_run(runs):
    figures = evaluate(runs["tuned"], ten_crops=True, split="test")
    assert figures["images"] == 8
    run, options = open_run(runs["tuned"]), read_options({"split": "test", "ten_crops": True})
    assert evaluate_ten_crops(run, options)["map"] == figures["map"]
    assert evaluate_ten_crops(run, options, crop=32)["map"] != figures["map"]


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        (["--scales", "64,96", "--scale-k", "20%,2"], {"scales": [64, 96], "scale_k": [0.2, 2]}),
        (["--ten-crops"], {"ten_crops": True}),
    ],
)
def test_flags_give_the_figures_of_the_options_they_stand_for(runs, capsys, flags, options):
    with pytest.raises(SystemExit) as left:
        main(["val", str(runs["tuned"]), "--split", "test", "--json", *flags])
    assert not left.value.code
    figures = evaluate(runs["tuned"], split="test", **options)
    told = json.loads(capsys.readouterr().out)
    assert (told["map"], told["images"]) == (pytest.approx(figures["map"]), 8)
    assert told.get("scales") == (pytest.approx(figures["scales"]) if "scales" in figures else None)


@pytest.mark.parametrize(
    "flags",
    [["--scales", "64,big"], ["--scales", "64,96", "--crf"], ["--scales", "64,96", "--ten-crops"]],
)
def test_flags_that_cannot_be_are_refused(runs, flags):
    with pytest.raises(SystemExit) as left:
        main(["val", str(runs["tuned"]), "--split", "test", "--json", *flags])
    assert left.value.code == 2


@pytest.fixture
def planned(tmp_path) -> Path:
    """A run at 64 px, of which only the recipe and the classes are there."""
    return written(tmp_path / "a", "cat\ndog\n")


def written(folder: Path, classes: str) -> Path:
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "best.safetensors").touch()
    (folder / "config.toml").write_text('data = "photos"\nimage_size = 64\nk = 3\n')
    (folder / "classes.txt").write_text(classes)
    return folder


def told(plan) -> list[tuple[str, int, object]]:
    return [(scale.name, scale.recipe.image_size, scale.k) for scale in plan]


def test_one_run_is_shown_each_size_with_the_regions_of_table_3(planned):
    assert told(plan_scales(planned, sizes=[224, 96])) == [
        ("a at 224 px", 224, "table3"),
        ("a at 96 px", 96, "table3"),
    ]


def test_the_regions_of_a_size_may_be_the_runs_or_given(planned):
    assert told(plan_scales(planned, sizes=[96], k="run")) == [("a at 96 px", 96, None)]
    assert told(plan_scales(planned, sizes=[64, 96], k=[5, 0.2])) == [
        ("a at 64 px", 64, 5),
        ("a at 96 px", 96, 0.2),
    ]


def test_several_runs_look_each_at_its_own_size_with_its_own_regions(planned, tmp_path):
    other = written(tmp_path / "b", "cat\ndog\n")
    assert told(plan_scales(planned, others=[other])) == [("a at 64 px", 64, None), ("b at 64 px", 64, None)]


def test_runs_of_other_classes_are_refused(planned, tmp_path):
    other = written(tmp_path / "b", "dog\ncat\n")
    with pytest.raises(UsageError, match=r"must have the same classes, got .*a and .*b"):
        plan_scales(planned, others=[other])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "either scales for one run, or several runs"),
        ({"sizes": [64], "others": ["x"]}, "either scales for one run, or several runs"),
        ({"sizes": [64, 64]}, "scales must be different"),
        ({"sizes": [64, 96], "k": [5]}, "a count for each of 2 scales"),
        ({"sizes": [64], "k": "table2"}, "must be table3, run"),
    ],
)
def test_plans_that_cannot_be(planned, options, words):
    with pytest.raises(UsageError, match=words):
        plan_scales(planned, **options)
