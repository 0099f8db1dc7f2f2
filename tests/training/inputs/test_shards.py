"""A run from shards is the run from the files they were written from, to the bit."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from weldon.data import read_labels
from weldon.data.scenes import make_scenes, write_scenes
from weldon.data.shards import write_shards
from weldon.errors import UsageError
from weldon.evaluation import evaluate
from weldon.report import write_report
from weldon.runs.metrics_file import read_epochs
from weldon.runs.run_directory import RunDirectory
from weldon.training import train

QUICK = {"model": "test_resnet", "weights": "none", "image_size": 64, "device": "cpu", "batch_size": 8}
QUICK |= {"progress": False, "epochs": 1, "workers": 0}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Scenes as files and as shards of a few pictures each."""
    folder = tmp_path_factory.mktemp("shards")
    splits = {"train": 24, "val": 12}
    write_scenes(folder / "files", {name: make_scenes(n, split=name, seed=0) for name, n in splits.items()})
    label_set = read_labels(folder / "files", folder / "files" / "labels.csv")
    index = write_shards(label_set, folder / "shards", shard_bytes=9_000)
    assert len(index.splits["train"][1]) > 3
    return folder


def trained(home, name, data, **options):
    labels = home / "files" / "labels.csv" if data == "files" else None
    return train(home / data, labels, out=home / name, cache=home / "cache", **(QUICK | options))


def same(first: RunDirectory, second: RunDirectory):
    learnt, again = (load_file(run.best) for run in (first, second))
    for name in ("thresholds.json", "splits.csv", "classes.txt", "report/per_class.csv"):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes(), name
    return learnt.keys() == again.keys() and all(torch.equal(learnt[name], again[name]) for name in learnt)


@pytest.fixture(scope="module")
def from_files(home):
    return trained(home, "from-files", "files")


@pytest.mark.parametrize("workers", [0, 2])
def test_weights_and_figures_are_those_of_the_files(home, from_files, workers):
    assert same(from_files, trained(home, f"from-shards-{workers}", "shards", workers=workers))


def test_a_share_for_validation_is_the_same_share(home):
    named = read_labels(home / "files", home / "files" / "labels.csv").of_split("train")
    rows = [f"{record.path.name},{'|'.join(sorted(record.labels))}" for record in named]
    (home / "open.csv").write_text("\n".join(["file_name,labels", *rows]) + "\n")
    label_set = read_labels(home / "files" / "train", home / "open.csv")
    assert {record.split for record in label_set.records} == {None}
    write_shards(label_set, home / "open", shard_bytes=9_000)
    options = QUICK | {"val": "0.3"}
    first = train(home / "files" / "train", home / "open.csv", out=home / "files-open", **options)
    assert same(first, train(home / "open", out=home / "shards-open", **options))


def test_maps_of_a_frozen_backbone_are_found_by_what_the_files_hold(home):
    first = trained(home, "frozen-files", "files", freeze=True, lr=0.01)
    kept = sorted((home / "cache").rglob("*"))
    assert kept
    assert same(first, trained(home, "frozen-shards", "shards", freeze=True, lr=0.01))
    assert sorted((home / "cache").rglob("*")) == kept  # no map was computed again


def test_by_shard_the_order_is_another_and_a_resumed_run_goes_on_as_it_was(home, from_files):
    options = {"by_shard": True, "schedule": "constant", "warmup": 0.0}
    plain = trained(home, "constant", "shards", **(options | {"by_shard": False}))
    whole = trained(home, "by-shard", "shards", **options, epochs=2)
    assert (whole.path / "splits.csv").read_bytes() == (from_files.path / "splits.csv").read_bytes()
    trained(home, "by-shard-cut", "shards", **options)
    again = trained(home, "by-shard-cut", "shards", **options, epochs=2, resume=True)
    one, two, goes_on = (read_epochs(run.metrics) for run in (plain, whole, again))
    assert float(one[0]["train/loss"]) != float(two[0]["train/loss"])
    assert [row["train/loss"] for row in goes_on] == [row["train/loss"] for row in two]
    assert [row["val/map"] for row in goes_on] == [row["val/map"] for row in two]


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        ("files", {}, "by_shard needs shards"),
        ("shards", {"freeze": True}, "by_shard says how pictures are read each epoch"),
    ],
)
def test_by_shard_is_refused_where_it_means_nothing(home, data, options, words):
    with pytest.raises(UsageError, match=words):
        trained(home, "refused", data, by_shard=True, **options)


def test_a_resumed_run_goes_on_from_shards(home, from_files):
    trained(home, "resumed", "shards")
    again = trained(home, "resumed", "shards", epochs=2, resume=True)
    assert (again.path / "splits.csv").read_bytes() == (from_files.path / "splits.csv").read_bytes()


def test_what_follows_training_reads_shards_too(home, from_files):
    run = trained(home, "followed", "shards")
    assert evaluate(run, device="cpu")["map"] == pytest.approx(
        evaluate(from_files, device="cpu")["map"], abs=1e-6
    )
    other = evaluate(run, home / "shards", device="cpu", split="val")
    assert other["images"] == 12
    page = write_report(run, device="cpu").read_text()
    assert "val/00000.png" in page
    assert "data:image/" in page
