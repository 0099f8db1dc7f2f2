"""A run leaves what it promises, repeats itself, and goes on where it was stopped."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import weldon
from weldon.data.split import read_begun
from weldon.errors import DataError, UsageError
from weldon.evaluation import evaluate
from weldon.export import export_run
from weldon.report import write_report
from weldon.runs.calibration_file import read_reliability
from weldon.training import train
from weldon.training.module import TrainingModule


class PowerCutError(Exception):
    """Raised in the middle of an epoch, as a power cut would be."""


def test_a_run_directory_holds_what_is_promised(scenes, tiny, tmp_path):
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, **tiny)
    for path in (
        run.config,
        run.classes,
        run.splits,
        run.thresholds,
        run.metrics,
        run.manifest,
        run.log,
        run.best,
        run.last,
    ):
        assert path.is_file(), path
    assert run.class_names == tuple("134789")
    table = list(csv.DictReader(run.per_class.read_text().splitlines()))
    labels = [row["labels"].split("|") for row in read_begun(run.splits) if row["split"] == "val"]
    shown = {name: sum(name in some for some in labels) for name in run.class_names}
    assert {row["class"]: int(row["positives"]) for row in table} == shown
    thresholds = json.loads(run.thresholds.read_text())
    assert set(thresholds["classes"]) == set(run.class_names)
    answers = weldon.load(run.path, device="cpu").predict_many(sorted((scenes / "val").glob("*.png")))
    values = np.concatenate([abs(one.class_maps).flatten() for one in answers])
    assert thresholds["map_scale"] == pytest.approx(np.quantile(values, 0.995), rel=0.02)


def test_a_run_is_calibrated_unless_told_not_to(scenes, tiny, tmp_path):
    runs = [
        train(
            scenes, scenes / "labels.csv", out=tmp_path / name, epochs=1, calibrate=name == "fitted", **tiny
        )
        for name in ("plain", "fitted")
    ]
    assert [read_reliability(run) is None for run in runs] == [True, False]
    images = sorted((scenes / "val").glob("*.png"))[:4]
    answers = [
        [(one.scores, one.labels) for one in weldon.load(run.path).predict_many(images)] for run in runs
    ]
    assert answers[0] == answers[1]


def test_the_checkpoint_loads_without_trust(scenes, tiny, tmp_path):
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, **tiny)
    assert "state_dict" in torch.load(run.last, weights_only=True)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"freeze": True, "optimizer": "sgd"},
        {"loss": "ap", "ap_memory": 16},
        {"loss": "ap", "ap_scope": "set"},
        {"loss": "ap", "ap_scope": "set", "freeze": True},
    ],
    ids=["fine-tuned", "frozen", "ap batch", "ap set", "ap set frozen"],
)
def test_the_same_seed_gives_the_same_weights(scenes, tiny, tmp_path, short_search, options):
    runs = [
        train(scenes, scenes / "labels.csv", out=tmp_path / name, epochs=2, **tiny, **options)
        for name in "ab"
    ]
    assert_same_weights(*runs)
    if options.get("ap_scope") == "set":  # one step an epoch: there is no rate to search
        assert not runs[0].search.exists()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"loss": "ap", "ap_memory": 20},  # of fewer images than an epoch has
        {"loss": "ap", "ap_scope": "set"},
        {"model_kwargs": {"drop_path_rate": 0.5}},
        {"patience": 2, "lr": 1e-9, "lrp": 0.0},
        {"weights": "pretrained"},
        {"precision": "bf16-mixed", "optimizer": "sgd", "schedule": "step"},
    ],
    ids=["plain", "ap memory", "ap set", "dropout", "early stopping", "head first", "bf16"],
)
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    scenes, tiny, pretrained, tmp_path, monkeypatch, given
):
    options = {**tiny, **given}
    if options.get("weights") == "pretrained":
        options["weights"] = str(pretrained)
    whole = train(scenes, scenes / "labels.csv", out=tmp_path / "whole", epochs=3, **options)
    assert ("the head alone  val/map" in whole.log.read_text()) is ("weights" in given)
    step = TrainingModule.training_step

    def cut_short(self, batch, batch_index):
        if self.trainer.current_epoch == 1 and batch_index == 1:
            raise PowerCutError
        return step(self, batch, batch_index)

    monkeypatch.setattr(TrainingModule, "training_step", cut_short)
    with pytest.raises(PowerCutError):
        train(scenes, scenes / "labels.csv", out=tmp_path / "cut", epochs=3, **options)
    monkeypatch.undo()
    resumed = train(scenes, scenes / "labels.csv", out=tmp_path / "cut", resume=True)
    assert_same_weights(whole, resumed)
    assert [row.split(",")[0] for row in resumed.metrics.read_text().split()] == ["epoch", "0", "1", "2"]


def test_a_run_stopped_between_its_first_weights_and_its_first_state_begins_anew(scenes, tiny, tmp_path):
    whole = train(scenes, scenes / "labels.csv", out=tmp_path / "whole", epochs=1, **tiny)
    cut = train(scenes, scenes / "labels.csv", out=tmp_path / "cut", epochs=1, **tiny)
    for file in (cut.last, cut.manifest, cut.thresholds, cut.calibration):
        file.unlink()
    shutil.rmtree(cut.report)
    assert_same_weights(whole, train(scenes, scenes / "labels.csv", out=cut.path, resume=True))
    cut.last.unlink()  # a finished run is never begun anew
    with pytest.raises(UsageError, match=r"last\.ckpt"):
        train(scenes, scenes / "labels.csv", out=cut.path, resume=True)


def test_a_resumed_run_whose_cache_vanished_ends_with_the_same_weights(scenes, tiny, tmp_path, monkeypatch):
    options = {**tiny, "freeze": True, "search": False, "epochs": 3}
    whole = train(scenes, scenes / "labels.csv", out=tmp_path / "whole", **options)
    step = TrainingModule.training_step

    def cut_short(self, batch, batch_index):
        if self.trainer.current_epoch == 1 and batch_index == 1:
            raise PowerCutError
        return step(self, batch, batch_index)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingModule, "training_step", cut_short)
        with pytest.raises(PowerCutError):
            train(scenes, scenes / "labels.csv", out=tmp_path / "cut", **options)
    shutil.rmtree(tmp_path / "cache")
    resumed = train(scenes, scenes / "labels.csv", out=tmp_path / "cut", resume=True)
    assert_same_weights(whole, resumed)


def test_a_run_that_had_stopped_early_trains_no_further_when_resumed(scenes, tiny, tmp_path, monkeypatch):
    options = {**tiny, "patience": 1, "lr": 1e-9, "lrp": 0.0, "epochs": 6}
    whole = train(scenes, scenes / "labels.csv", out=tmp_path / "whole", **options)

    def power_cut(*_, **options):
        raise PowerCutError

    monkeypatch.setattr("weldon.training.fit.write_end", power_cut)
    with pytest.raises(PowerCutError):
        train(scenes, scenes / "labels.csv", out=tmp_path / "cut", **options)
    monkeypatch.undo()
    resumed = train(scenes, scenes / "labels.csv", out=tmp_path / "cut", resume=True)
    assert_same_weights(whole, resumed)
    assert len(resumed.metrics.read_text().split()) == len(whole.metrics.read_text().split()) < 6


def assert_same_weights(first, second):
    states = [torch.load(run.last, weights_only=True)["state_dict"] for run in (first, second)]
    assert all(torch.equal(states[0][name], value) for name, value in states[1].items())
    best = [load_file(run.best) for run in (first, second)]
    assert all(torch.equal(best[0][name], value) for name, value in best[1].items())


def test_a_frozen_backbone_does_not_move(scenes, tiny, tmp_path):
    options = {**tiny, "freeze": True, "search": False, "seed": 3}
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=2, **options)
    torch.manual_seed(0)
    trained = load_file(run.best)
    again = train(scenes, scenes / "labels.csv", out=tmp_path / "again", epochs=1, **options)
    start = load_file(again.best)
    assert all(torch.equal(trained[name], start[name]) for name in trained if name.startswith("backbone"))
    assert not torch.equal(trained["transfer.weight"], start["transfer.weight"])


def test_the_checkpoint_of_a_frozen_run_leaves_the_backbone_out_and_knows_it(scenes, tiny, tmp_path):
    options = {**tiny, "freeze": True, "search": False, "workers": 0}
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, **options)
    stored = torch.load(run.last, weights_only=True)
    assert {name for name in stored["state_dict"] if name.startswith("net.")} == {
        "net.transfer.weight",
        "net.transfer.bias",
    }
    torch.save({**stored, "fixed": "another"}, run.last)
    with pytest.raises(DataError, match="weights of the backbone are others"):
        train(scenes, scenes / "labels.csv", out=run.path, resume=True, epochs=2)


def test_validation_again_gives_the_figure_of_training(scenes, tiny, tmp_path):
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=2, **tiny)
    figures = evaluate(run)
    assert figures["map"] == pytest.approx(run.manifest_values["validation"]["map"], abs=1e-6)
    assert figures["map"] == pytest.approx(run.manifest_values["validation"]["best"], abs=1e-5)
    assert evaluate(run.path, split="test")["images"] == 8


def test_one_label_an_image_is_measured_by_accuracy(tiny, tmp_path, scenes):
    rows = [line.split(",") for line in (scenes / "labels.csv").read_text().splitlines()[1:]]
    single = [(name, labels[0]) for name, labels, split in rows if split == "train"]
    table = tmp_path / "single.csv"
    table.write_text("file_name,label\n" + "\n".join(f"{name},{label}" for name, label in single) + "\n")
    run = train(scenes, table, out=tmp_path / "run", epochs=1, val="0.5", **tiny)
    assert run.manifest_values["task"] == "multiclass"
    held_back = [row for row in read_begun(run.splits) if row["split"] == "val"]
    answers = weldon.load(run.path, device="cpu").predict_many(scenes / row["file_name"] for row in held_back)
    right = [
        max(one.scores, key=one.scores.get) == row["labels"]
        for one, row in zip(answers, held_back, strict=True)
    ]
    accuracy = evaluate(run)["accuracy"]
    assert len(right) == 12
    assert accuracy == pytest.approx(sum(right) / 12)
    assert f"best epoch 1: validation accuracy {accuracy:.4f}, mAP " in run.log.read_text()


def with_a_bad_file(scenes, folder):
    """Write a table of the scenes and one file that is no image."""
    (folder / "bad.png").write_bytes(b"not an image")
    header, *lines = (scenes / "labels.csv").read_text().splitlines()
    rows = [header, *(f"{scenes}/{line}" for line in lines), f"{folder / 'bad.png'},3,train"]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder / "labels.csv"


@pytest.mark.parametrize("freeze", [False, True])
def test_too_many_unreadable_files_stop_before_training(scenes, tiny, tmp_path, monkeypatch, freeze):
    monkeypatch.setattr(weldon.training.inputs.images, "bearable", lambda files: 0)
    table = with_a_bad_file(scenes, tmp_path)
    with pytest.raises(DataError, match=r"1 of 49 files[^\n]*\n.*bad\.png"):
        train(tmp_path, table, out=tmp_path / "run", epochs=1, freeze=freeze, **tiny)


@pytest.mark.parametrize("freeze", [False, True])
def test_few_unreadable_files_are_named_and_skipped(scenes, tiny, tmp_path, freeze):
    table = with_a_bad_file(scenes, tmp_path)
    run = train(tmp_path, table, out=tmp_path / "run", epochs=1, freeze=freeze, search=False, **tiny)
    said = run.log.read_text()
    assert "bad.png" in said
    assert "25 training and 16 validation images" in said
    assert "24 of 25 training and 16 of 16 validation images can be read and are used" in said
    assert run.manifest_values["images"]["train"] == 24


@pytest.mark.parametrize("broken", [["train/cat/0.png"], ["train/cat/0.png", "val/cat/0.png"]], ids=len)
def test_a_run_goes_on_where_an_unreadable_file_shares_its_name_with_another(tiny, tmp_path, broken):
    for number in range(80):
        part, label = ("train", "val")[number % 2], ("cat", "dog")[number // 2 % 2]
        path = tmp_path / part / label / f"{number // 4}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64), (number, 0, 255 - number)).save(path)
    for name in broken:
        (tmp_path / name).write_bytes(b"broken")
    options = {**tiny, "val": str(tmp_path / "val")}
    run = train(tmp_path / "train", out=tmp_path / "run", epochs=1, **options)
    before = run.splits.read_bytes()
    again = train(tmp_path / "train", out=tmp_path / "run", resume=True, epochs=2, **options)
    assert torch.load(again.last, weights_only=True)["epoch"] == 1
    assert again.splits.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"loss": "softmax"}, "softmax"),
        ({"pos_weight": "heavy"}, "pos_weight"),
        ({"val": "nowhere.csv"}, "nowhere.csv"),
        ({"image_size": 70}, "64 or 96"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(scenes, tiny, tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, **{**tiny, **options})
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_a_second_run_never_overwrites_the_first(scenes, tiny, tmp_path):
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, **tiny)
    before = run.best.read_bytes()
    with pytest.raises(UsageError, match="not empty"):
        train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, **tiny)
    assert run.best.read_bytes() == before


def test_train_is_at_the_top_of_the_package():
    assert weldon.train is train


def test_training_leaves_the_arithmetic_of_the_process_as_it_was(scenes, tiny, tmp_path):
    """Denormal numbers are zero while it trains, and numbers again afterwards."""
    train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, **tiny)
    assert torch.tensor([1e-40]) * 1.0 != 0.0


def test_a_run_by_tiles_learns_and_every_verb_uses_its_tiles_without_being_told(tiny, tmp_path):
    rng = np.random.default_rng(0)
    rows = ["file_name,labels,split"]
    for number in range(12):
        width, height = (int(side) for side in rng.integers(100, 300, 2))
        name, labels = f"{number}.png", "red" if number % 2 else ""
        picture = Image.new("RGB", (width, height), (90, 90, 90))
        if labels:
            picture.paste((255, 0, 0), (10, 10, 74, 74))
        picture.save(tmp_path / name)
        rows.append(f"{name},{labels},{'val' if number > 7 else 'train'}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    options = {name: value for name, value in tiny.items() if name not in ("image_size", "resize")}
    options |= {"freeze": True, "tile": 64, "overlap": 0}
    run = train(tmp_path, tmp_path / "labels.csv", out=tmp_path / "run", epochs=2, **options)
    assert (run.recipe.tile, run.recipe.overlap) == (64, 0)
    figures = evaluate(run)
    assert figures["map"] == pytest.approx(evaluate(run, tmp_path, split="val")["map"])
    result = weldon.load(run.path, device="cpu").predict(tmp_path / "1.png")
    with Image.open(tmp_path / "1.png") as picture:
        assert result.grid == tuple(int(side / 32 + 0.5) for side in picture.size[::-1])
    with pytest.raises(UsageError, match="own pixels"):
        evaluate(run, scales="64,96")
    with pytest.raises(UsageError, match="own pixels"):
        evaluate(run, ten_crops=True)
    with pytest.raises(UsageError, match="by tiles"):
        export_run(run.path)
    assert f"{figures['map']:.3f}" in write_report(run).read_text()
