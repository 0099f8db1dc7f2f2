"""`weldon val` measures points, boxes, pixels and masks, and no measured image chooses a threshold."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import weldon
from weldon.data import Box, decode, encode_targets, read_labels
from weldon.data.decode import VARIABLE
from weldon.data.image import load_reduced
from weldon.data.scenes import CLASSES, make_scenes
from weldon.errors import DataError, UsageError
from weldon.evaluation import evaluate
from weldon.evaluation.evaluate import figures_of, open_context
from weldon.evaluation.options import read_options
from weldon.evaluation.scorer import Scorer
from weldon.metrics import (
    average_precision,
    hit_at_one,
    normalise_map,
    pixel_average_precision,
    pointing_accuracy,
    pointwise_localisation,
)
from weldon.runs.run_directory import RunDirectory
from weldon.training import train

COUNTS = {"train": 24, "val": 16, "test": 8}


@pytest.fixture(scope="module")
def boxes():
    """The true boxes of the scenes, by file name."""
    return {
        f"{split}/{number:05d}.png": scene.boxes
        for split, count in COUNTS.items()
        for number, scene in enumerate(make_scenes(count, split=split, seed=0))
    }


@pytest.fixture(scope="module")
def masks(tmp_path_factory) -> Path:
    """The true masks of the scenes."""
    folder = tmp_path_factory.mktemp("masks")
    for split, count in COUNTS.items():
        (folder / split).mkdir()
        for number, scene in enumerate(make_scenes(count, split=split, seed=0)):
            Image.fromarray(scene.mask).save(folder / split / f"{number:05d}.png")
    legend = "".join(f"{1 + int(name)},{name}\n" for name in CLASSES)
    (folder / "legend.csv").write_text(f"index,class\n{legend}")
    return folder


@pytest.fixture(scope="module")
def frozen(scenes, tmp_path_factory) -> Path:
    """A run on cached maps, made once."""
    folder = tmp_path_factory.mktemp("frozen")
    options = {"model": "test_resnet", "weights": "none", "image_size": 64, "batch_size": 8, "workers": 0}
    run = train(
        scenes,
        scenes / "labels.csv",
        out=folder / "run",
        cache=folder / "cache",
        freeze=True,
        search=False,
        epochs=1,
        progress=False,
        **options,
    )
    return run.path


@pytest.fixture
def run(frozen) -> RunDirectory:
    """The run, without what an earlier test chose for it."""
    directory = RunDirectory(frozen)
    for path in (directory.segmentation, directory.localisation):
        path.unlink(missing_ok=True)
    return directory


def test_evaluate_is_at_the_top_of_the_package():
    assert weldon.evaluate is evaluate


def test_a_frozen_run_answers_from_its_cached_maps(run, monkeypatch):
    """Reading an image would fail."""
    monkeypatch.setattr("weldon.data.dataset.load_reduced", None)
    assert evaluate(run)["images"] == COUNTS["val"]


def test_cached_maps_and_images_give_the_same_figures(run, boxes, masks, monkeypatch):
    truth = {"boxes": boxes, "masks": masks}
    cached = evaluate(run, split="test", **truth)
    monkeypatch.setattr(
        "weldon.evaluation.scorer.Scorer",
        lambda net, recipe, classes, cache, *rest: Scorer(net, recipe, classes, None, *rest),
    )
    looked = []
    load = load_reduced
    monkeypatch.setattr("weldon.data.dataset.load_reduced", lambda *a: looked.append(a) or load(*a))
    read = evaluate(run, split="test", **truth)
    assert len(looked) == COUNTS["test"]
    for name in ("map", "pointwise", "pxap", "miou"):
        assert read[name] == pytest.approx(cached[name], abs=0.02)  # maps are cached in half precision


def test_every_truth_brings_its_figures(run, boxes, masks):
    figures = evaluate(run, split="test", boxes=boxes, masks=masks, tune_on="val", tune_crf=True)
    for name in ("map", "pointwise", "pointing_accuracy", "maxboxacc", "pxap", "miou", "miou_crf"):
        assert isinstance(figures[name], float), name
    digit = boxes["test/00000.png"][0].label
    assert set(figures["per_class"][digit]) == {
        *("ap", "positives", "pointwise", "maxboxacc", "pxap", "iou", "iou_crf")
    }
    assert set(figures["per_class"]) == set(run.class_names)
    assert figures["segmentation"]["chosen_by"] == "val"
    assert figures["segmentation"]["labels"] == "predicted"
    for kind in ("boxes", "masks"):
        told = figures["truth"][kind]
        assert (told["images"], told["of"], told["labels_unknown"]) == (COUNTS["test"], COUNTS["test"], ())


def test_figures_are_those_of_what_predict_says(run, boxes, masks, scenes):
    """Each figure again, from the results of the public predictor and the functions of `weldon.metrics`."""
    truth = {"boxes": boxes, "masks": masks, "known_labels": True}
    found = evaluate(run, scenes, labels=scenes / "labels.csv", split="test", **truth)
    records = read_labels(scenes, scenes / "labels.csv").of_split("test")
    names = run.class_names
    results = [weldon.load(run.path, device="cpu").predict(record.path) for record in records]
    target, known = encode_targets(records, names)
    scores = torch.tensor([[one.scores[name] for name in names] for one in results])
    precision = average_precision(scores, target, known)
    assert found["map"] == pytest.approx(float(precision.nanmean()), abs=1e-5)
    assert found["hit_at_one"] == pytest.approx(float(hit_at_one(scores, target)), abs=1e-6)
    placed = placed_points(results, [boxes[record.file_name] for record in records], names)
    pointwise = pointwise_localisation(placed["points"], scores, **placed["truth"])
    pointing = pointing_accuracy(placed["points"], **placed["truth"], tolerance=18.0)
    assert found["pointwise"] == pytest.approx(float(pointwise.nanmean()), abs=1e-5)
    assert found["pointing_accuracy"] == pytest.approx(float(pointing), abs=1e-6)
    drawn = [Image.open(masks / record.file_name) for record in records]
    pairs = [
        (
            normalise_map(torch.from_numpy(one.heatmap(name))),
            torch.from_numpy(np.array(mask) == 1 + int(name)),
        )
        for one, record, mask in zip(results, records, drawn, strict=True)
        for name in sorted(record.labels)
    ]
    maps, objects = (list(column) for column in zip(*pairs, strict=True))
    pxap = pixel_average_precision(maps, [mask.long() for mask in objects])
    assert found["pxap"] == pytest.approx(float(pxap), abs=1e-4)


def placed_points(results, boxes, names) -> dict:
    """Points of all classes, and the boxes as the functions of points take them."""
    corners = [torch.tensor([(b.x1, b.y1, b.x2, b.y2) for b in some]).reshape(-1, 4) for some in boxes]
    classes = [torch.tensor([names.index(b.label) for b in some], dtype=torch.long) for some in boxes]
    points = [[(one.point(name).x, one.point(name).y) for name in names] for one in results]
    sizes = torch.tensor([(one.width, one.height) for one in results])
    return {
        "points": torch.tensor(points),
        "truth": {"boxes": corners, "box_classes": classes, "sizes": sizes},
    }


def test_without_tuning_images_no_threshold_is_made_up(run, boxes, masks):
    figures = evaluate(run, split="test", boxes=boxes, masks=masks)
    assert "pointwise" in figures
    assert "maxboxacc" not in figures
    assert figures["segmentation"]["chosen_by"] == "defaults"
    assert not run.segmentation.exists()
    assert not run.localisation.exists()


def test_measured_images_may_not_choose(run, boxes):
    with pytest.raises(UsageError, match="other images than those measured"):
        evaluate(run, split="val", boxes=boxes, tune_on="val")


def test_what_was_chosen_is_used_from_then_on(run, boxes, masks):
    chosen = evaluate(run, split="test", boxes=boxes, masks=masks, tune_on="val")
    later = evaluate(run, split="test", boxes=boxes, masks=masks)
    for name in ("maxboxacc", "maxboxacc_levels", "box_thresholds", "miou"):
        assert later[name] == chosen[name]
    assert later["segmentation"]["chosen_by"] == "segmentation.json"
    assert json.loads(run.segmentation.read_text())["tuned_on"]["images"] == [
        f"val/{number:05d}.png" for number in range(COUNTS["val"])
    ]


def test_what_measured_images_chose_is_not_used(run, boxes, masks, caplog):
    evaluate(run, split="test", boxes=boxes, masks=masks, tune_on="val")
    figures = evaluate(run, split="val", boxes=boxes, masks=masks)
    assert "maxboxacc" not in figures
    assert figures["segmentation"]["chosen_by"] == "defaults"
    assert "localisation.json was chosen on 16 of the measured images" in caplog.text


def test_predictions_use_what_was_chosen(run, boxes, masks, scenes):
    evaluate(run, split="test", boxes=boxes, masks=masks, tune_on="val", tune_crf=True)
    decision = weldon.load(run.path, device="cpu").decision
    stored = json.loads(run.segmentation.read_text())
    assert decision.masks.to_json() == {name: stored[name] for name in ("background", "relative", "crf")}
    assert decision.box_threshold == json.loads(run.localisation.read_text())["box_threshold"]


def test_measured_masks_are_those_that_predict_draws(run, masks, scenes):
    """The same confusion matrix, counted from the masks of `weldon predict`."""
    figures = evaluate(run, split="test", masks=masks, tune_on="val")
    predictor = weldon.load(run.path, device="cpu")
    overlap, union = 0, 0
    for number in range(COUNTS["test"]):
        truth = Image.open(masks / "test" / f"{number:05d}.png")
        drawn = predictor.predict(scenes / "test" / f"{number:05d}.png").mask()
        here = [value == 0 for value in truth.getdata()], [value == 0 for value in drawn.ravel()]
        overlap += sum(a and b for a, b in zip(*here, strict=True))
        union += sum(a or b for a, b in zip(*here, strict=True))
    assert figures["background"]["iou"] == pytest.approx(overlap / union, abs=0.02)


def test_known_labels_leave_no_trace_in_the_run(run, masks):
    figures = evaluate(run, split="test", masks=masks, tune_on="val", known_labels=True)
    assert figures["segmentation"]["labels"] == "known"
    assert not run.segmentation.exists()


def test_tuning_the_crf_needs_tuning_images(run, masks):
    with pytest.raises(UsageError, match="tune_on"):
        evaluate(run, masks=masks, tune_crf=True)
    with pytest.raises(UsageError, match="masks"):
        evaluate(run, split="test", tune_on="val", tune_crf=True)


def test_truth_about_no_measured_image_is_refused(run, boxes, masks, tmp_path):
    with pytest.raises(DataError, match="boxes must be of measured images"):
        evaluate(run, boxes={"other.png": ()})
    with pytest.raises(DataError, match=r"STEM\.png"):
        evaluate(run, masks=tmp_path)


def test_a_split_without_images_is_refused(run):
    with pytest.raises(UsageError, match=r"split must be one with images \(.*train.*\), got 'dev'"):
        evaluate(run, split="dev")


def test_other_data_is_measured_whole_or_by_its_splits(run, scenes, boxes):
    whole = evaluate(run, scenes, labels=scenes / "labels.csv", boxes=boxes)
    assert whole["images"] == sum(COUNTS.values())
    shown = Counter(name for record in read_labels(scenes).records for name in record.labels)
    assert {name: row["positives"] for name, row in whole["per_class"].items()} == shown
    test = evaluate(run, scenes, labels=scenes / "labels.csv", split="test", boxes=boxes, tune_on="val")
    assert test["images"] == COUNTS["test"]
    own = evaluate(run, split="test", boxes=boxes, tune_on="val")  # the same images by the run's own list
    for name in ("map", "maxboxacc", "box_thresholds"):
        assert test[name] == pytest.approx(own[name], abs=0.02)  # the run's maps are in half precision


def test_a_name_to_tune_on_that_is_no_image_is_named(run, tmp_path, masks):
    (tmp_path / "tuning.txt").write_text("val/00001.png\nval/99999.png\n")
    with pytest.raises(DataError, match=r"tuning\.txt.*\n.*val/99999\.png: no such image"):
        evaluate(run, split="test", masks=masks, tune_on=tmp_path / "tuning.txt")


def test_folders_with_files_of_one_name_are_measured_on_the_validation_folder(tmp_path):
    """train/cat/0.png and val/cat/0.png: a common layout, given as DATA and --val."""
    for number in range(24):
        place = (
            tmp_path / ("train", "val")[number % 2] / ("cat", "dog")[number // 2 % 2] / f"{number // 4}.png"
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (10 * number, number, 90)).save(place)
    options = {"model": "test_resnet", "weights": "none", "image_size": 32, "workers": 0, "epochs": 1}
    run = train(tmp_path / "train", val=str(tmp_path / "val"), out=tmp_path / "run", **options)
    found = evaluate(run)
    assert found["map"] == pytest.approx(run.manifest_values["validation"]["map"])
    assert sum(row["positives"] for row in found["per_class"].values()) == 12


def test_a_run_remembers_how_large_its_pictures_may_be_and_the_process_does_not(
    scenes, tmp_path, monkeypatch
):
    monkeypatch.setenv(VARIABLE, "1000")
    options = {"model": "test_resnet", "weights": "none", "image_size": 64, "workers": 0, "epochs": 1}
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", max_pixels=100_000, **options)
    assert os.environ[VARIABLE] == "1000"
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(decode, "MAX_PIXELS", 1000)
    assert evaluate(run)["map"] == pytest.approx(run.manifest_values["validation"]["map"])
    assert VARIABLE not in os.environ
    monkeypatch.setenv(VARIABLE, "1000")  # what the command says goes before what the run remembers
    with pytest.raises(DataError, match="none of the 16 images to measure can be read"):
        evaluate(run)


@pytest.mark.parametrize("freeze", [False, True])
def test_images_that_cannot_be_read_any_more_are_counted(scenes, tmp_path, caplog, freeze):
    shutil.copytree(scenes, tmp_path / "data")
    options = {"model": "test_resnet", "weights": "none", "image_size": 64, "workers": 0, "epochs": 1}
    options |= {"freeze": freeze, "search": False, "cache": tmp_path / "cache"}
    run = train(tmp_path / "data", tmp_path / "data" / "labels.csv", out=tmp_path / "run", **options)
    for number in (3, 5):
        (tmp_path / "data" / "val" / f"{number:05d}.png").write_bytes(b"no picture")
    evaluate(run)
    assert "2 of 16 images cannot be read and are in no figure" in caplog.text


def context_of(home, **options):
    given = {"split": "test", "device": "cpu", **options}
    return open_context(RunDirectory(home / "run"), read_options(given))


def test_it_holds_what_was_asked_for(greys):
    boxes = {"a.png": (Box("cat", 0, 0, 32, 32),)}
    context = context_of(greys, boxes=boxes, min_positives=2)
    assert context.classes == ("cat", "dog")
    assert context.asked == len(context.images.measured) == 3
    assert context.flags == {"boxes": boxes}
    assert context.truth.boxes == boxes
    assert context.truth.masks is None
    assert context.options.min_positives == 2


def test_boxes_that_the_data_brings_are_measured_without_a_flag(greys):
    """A VOC devkit has boxes of its own."""
    context = context_of(greys)
    assert "pointwise" not in figures_of(context)
    everywhere = {name: (Box("cat", 0, 0, 32, 32),) for name in ("a.png", "b.png")}
    found = figures_of(replace(context, truth=replace(context.truth, boxes=everywhere)))
    assert found["pointing_accuracy"] == 1.0  # no point can lie beside a box that is the whole picture


def test_images_to_tune_on_are_apart_from_those_measured(greys):
    context = context_of(greys, tune_on="train")
    assert {record.file_name for record in context.images.tuning} == {"d.png", "e.png"}
    with pytest.raises(UsageError, match="other images than those measured"):
        context_of(greys, tune_on="test")
