"""A refit learns from training and validation images alike, for new images, and leaves the figures alone."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

import weldon
from weldon.errors import UsageError
from weldon.evaluation import evaluate
from weldon.files import read_csv, write_csv
from weldon.training import train

WAYS = [
    {"freeze": True, "lr": 0.1, "optimizer": "sgd"},
    {"freeze": True, "epochs": 2},
    {"augment": False},
    {"augment": False, "weights": "pretrained"},
]
CHOSEN = ("lr", "weight_decay", "optimizer", "batch_size", "loss", "k_max", "k_min")
FROZEN = {"freeze": True, "search": False}  # the search has a way of its own above


def rows_of(scenes):
    return read_csv(scenes / "labels.csv")


@pytest.mark.parametrize("options", WAYS, ids=["frozen", "searched", "all layers", "head first"])
def test_a_refit_is_training_on_all_images(scenes, tiny, pretrained, tmp_path, short_search, options):
    """A run whose training images are those of both splits ends at the same weights."""
    options = {**tiny, "epochs": 1, **options}
    if options.get("weights") == "pretrained":
        options["weights"] = str(pretrained)
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", refit=True, **options)
    columns = list(rows_of(scenes)[0])
    parts = {name: [r for r in rows_of(scenes) if r["split"] == name] for name in ("train", "val", "test")}
    joint = [{**row, "split": "train"} for row in parts["train"] + parts["val"]]
    write_csv(tmp_path / "joint.csv", joint, columns)
    write_csv(tmp_path / "other.csv", [{**row, "split": ""} for row in parts["test"]], columns)
    chosen = weldon.training.build_recipe({}, run.config)
    fixed = {name: getattr(chosen, name) for name in CHOSEN}
    whole = train(
        *(scenes, tmp_path / "joint.csv"),
        out=tmp_path / "whole",
        **{**options, **{name: value for name, value in fixed.items() if value is not None}},
        val=str(tmp_path / "other.csv"),
    )
    again, expected = load_file(run.refit), torch.load(whole.last, weights_only=True)["state_dict"]
    learnt = [name for name in again if not (options.get("freeze") and name.startswith("backbone."))]
    for name in learnt:  # the checkpoint leaves out what is frozen
        torch.testing.assert_close(again[name], expected[f"net.{name}"], rtol=1e-4, atol=1e-6)


def test_figures_are_those_of_the_weights_before(scenes, tiny, tmp_path):
    plain = train(scenes, scenes / "labels.csv", out=tmp_path / "plain", epochs=1, **FROZEN, **tiny)
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, refit=True, **FROZEN, **tiny)
    assert evaluate(run.path)["map"] == evaluate(plain.path)["map"]
    assert run.thresholds.read_text() == plain.thresholds.read_text()
    said = json.loads(run.manifest.read_text())
    assert said["for_new_images"] == {"weights": "refit.safetensors", "learnt_from": 40}
    assert json.loads(plain.manifest.read_text())["for_new_images"]["learnt_from"] == 24


def test_new_images_are_looked_at_with_the_refit(scenes, tiny, tmp_path):
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, refit=True, **FROZEN, **tiny)
    weight = weldon.load(run.path).net.transfer.weight
    assert torch.equal(weight, load_file(run.refit)["transfer.weight"])
    assert not torch.equal(weight, load_file(run.best)["transfer.weight"])
    run.refit.unlink()
    assert torch.equal(weldon.load(run.path).net.transfer.weight, load_file(run.best)["transfer.weight"])


def test_a_finished_run_can_be_refitted_and_go_back(scenes, tiny, tmp_path):
    fresh = train(scenes, scenes / "labels.csv", out=tmp_path / "a", epochs=1, refit=True, **FROZEN, **tiny)
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, **FROZEN, **tiny)
    train(scenes, scenes / "labels.csv", out=run.path, resume=True, refit=True, progress=False)
    again, expected = load_file(run.refit), load_file(fresh.refit)
    assert all(torch.equal(again[name], expected[name]) for name in expected)
    train(scenes, scenes / "labels.csv", out=run.path, resume=True, refit=False, progress=False)
    assert not run.refit.exists()


def test_several_processes_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(UsageError, match="refit needs one process"):
        train(tmp_path, out=tmp_path / "run", refit=True, devices=2)
