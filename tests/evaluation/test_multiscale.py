"""``weldon val --scales`` and ``--ten-crops`` on scenes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weldon.cli import main
from weldon.errors import UsageError
from weldon.evaluation import evaluate
from weldon.evaluation.multiscale import evaluate_scales
from weldon.evaluation.scales import plan_scales
from weldon.evaluation.ten_crops import evaluate_ten_crops
from weldon.training import train

TINY = {"model": "test_resnet", "weights": "none", "batch_size": 8, "workers": 0, "lrp": 1.0, "epochs": 1}
SPLITS = {"split": "test"}


@pytest.fixture(scope="module")
def runs(scenes, tmp_path_factory) -> dict[str, Path]:
    """A fine-tuned run at 64 px, a frozen one at 64 and one at 96."""
    home = tmp_path_factory.mktemp("runs")
    options = {"cache": home / "cache", "progress": False, **TINY}
    made = {
        "tuned": {"image_size": 64},
        "frozen": {"image_size": 64, "freeze": True},
        "large": {"image_size": 96, "freeze": True, "seed": 0},
    }
    return {
        name: train(scenes, scenes / "labels.csv", out=home / name, **options, **own).path
        for name, own in made.items()
    }


def test_a_scale_alone_is_what_val_measures(runs):
    figures = evaluate_scales(plan_scales(runs["tuned"], sizes=[64], k="run"), **SPLITS)
    ((name, alone),) = figures["scales"].items()
    assert alone == pytest.approx(evaluate(runs["tuned"], split="test")["map"], abs=1e-6)
    assert name == "tuned at 64 px, WeldonPool(k_max=0.2, k_min=0.2)"


@pytest.mark.parametrize("name", ["tuned", "frozen"])
def test_one_run_at_several_scales(runs, name):
    figures = evaluate_scales(plan_scales(runs[name], sizes=[64, 96], k=[1, 2]), **SPLITS)
    assert set(figures) >= {"map", "per_class", "images", "scales", "average", "object_bank"}
    assert [text.split("(")[1] for text in figures["scales"]] == ["k_max=1, k_min=1)", "k_max=2, k_min=2)"]
    assert figures["images"] == 8


def test_several_runs_each_at_its_own_scale(runs):
    plan = plan_scales(runs["frozen"], others=[runs["large"]])
    figures = evaluate_scales(plan, combine="average", **SPLITS)
    assert figures["map"] == figures["average"]
    alone = {name.split(",")[0]: value for name, value in figures["scales"].items()}
    assert alone["large at 96 px"] == pytest.approx(evaluate(runs["large"], split="test")["map"], abs=1e-6)


def test_table_3_sets_k_where_it_has_the_map(runs):
    plan = plan_scales(runs["frozen"], sizes=[224, 64])
    assert [scale.k for scale in plan] == ["table3", "table3"]
    figures = evaluate_scales(plan, combine="average", **SPLITS)
    assert [text.split("(")[1] for text in figures["scales"]] == [
        "k_max=5, k_min=5)",
        "k_max=0.2, k_min=0.2)",
    ]


def test_other_data_may_be_measured(runs, scenes):
    plan = plan_scales(runs["tuned"], sizes=[64, 96], k="run")
    figures = evaluate_scales(plan, scenes, labels=scenes / "labels.csv", split="test")
    assert figures["map"] == pytest.approx(evaluate_scales(plan, **SPLITS)["map"], abs=1e-6)


def test_what_it_is_fitted_on_is_not_measured(runs):
    plan = plan_scales(runs["tuned"], sizes=[64, 96])
    with pytest.raises(UsageError, match="fit_on must name other images than those measured, got 'val': 16"):
        evaluate_scales(plan, split="val", fit_on="val")


def test_a_run_that_was_trained_on_measured_images_is_refused(runs):
    other = runs["large"] / "splits.csv"
    kept = other.read_text()
    other.write_text(kept.replace(",test,", ",train,"))
    try:
        with pytest.raises(UsageError, match=r"large, which was trained on 8 of those measured"):
            evaluate_scales(plan_scales(runs["frozen"], others=[runs["large"]]), **SPLITS)
    finally:
        other.write_text(kept)


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
def test_plans_that_cannot_be(runs, options, words):
    with pytest.raises(UsageError, match=words):
        plan_scales(runs["tuned"], **options)


def test_combinations_that_do_not_exist_list_the_choices(runs):
    with pytest.raises(UsageError, match="combine must be one of object-bank, average, got 'product'"):
        evaluate_scales(plan_scales(runs["tuned"], sizes=[64]), combine="product")


def test_ten_crops_of_a_run(runs):
    figures = evaluate_ten_crops(runs["tuned"], split="test")
    assert figures["images"] == 8
    assert 0 <= figures["map"] <= 1
    assert figures["map"] != evaluate_ten_crops(runs["tuned"], split="test", crop=32)["map"]


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        (["--scales", "64,96", "--scale-k", "20%,2"], 0),
        (["--ten-crops"], 0),
        (["--scales", "64,big"], 2),
        (["--scales", "64,96", "--crf"], 2),
        (["--scales", "64,96", "--ten-crops"], 2),
    ],
)
def test_flags(runs, capsys, flags, status):
    with pytest.raises(SystemExit) as left:
        main(["val", str(runs["tuned"]), "--split", "test", "--json", *flags])
    assert (left.value.code or 0) == status
    if not status:
        assert "map" in json.loads(capsys.readouterr().out)
