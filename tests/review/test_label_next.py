"""New images only, the most useful first, in a table; what cannot be read is left out."""

from __future__ import annotations

import csv
import json
import logging
import shutil
from math import exp, log2

import pytest
import torch

import weldon
from cli.shell import run as command
from weldon.data.image import load_image
from weldon.data.scenes import make_scenes, write_scenes
from weldon.data.transforms import EvalTransform
from weldon.errors import DataError, UsageError
from weldon.inference.loading import load_image_network
from weldon.review.label_next import next_images


@pytest.fixture(scope="module")
def unlabelled(scenes, tmp_path_factory):
    """Twelve new pictures, one of them twice, a labelled one and a broken one."""
    folder = tmp_path_factory.mktemp("new")
    write_scenes(folder, {"more": make_scenes(12, split="test", seed=9)})
    (folder / "labels.csv").unlink(missing_ok=True)
    shutil.copy(folder / "more" / "00003.png", folder / "more" / "copy.png")
    shutil.copy(scenes / "train" / "00005.png", folder / "more" / "labelled.png")
    (folder / "more" / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def found(run, unlabelled):
    return next_images(run, unlabelled, count=50)


def test_every_new_image_comes_once_and_a_labelled_or_broken_one_never(found):
    names = [image.file_name.rsplit("/", 1)[-1] for image in found]
    assert len(names) == len(set(names)) == 12
    assert not {"labelled.png", "broken.png"} & set(names)
    assert len({"00003.png", "copy.png"} & set(names)) == 1
    assert [image.rank for image in found] == list(range(1, 13))


@torch.no_grad()
def features_of(net, paths):
    """The mean feature of each picture, of length 1: one picture at a time, from its pixels."""
    rows = []
    for path in paths:
        picture, _, _ = EvalTransform(64)(load_image(path))
        features = net.backbone(picture[None])[0].flatten(1)
        rows.append(features.mean(1))
    return torch.nn.functional.normalize(torch.stack(rows), dim=1)


def test_each_says_how_unsure_and_how_far_from_what(found, run, scenes):
    first = found[0]
    scores = weldon.load(run.path, device="cpu").predict(first.path).scores
    chances = [1 / (1 + exp(-score)) for score in scores.values()]
    bits = [-p * log2(p) - (1 - p) * log2(1 - p) for p in chances]
    assert first.uncertainty == pytest.approx(sum(bits) / len(bits), abs=0.01)  # maps are in half precision
    pictures = [*sorted((scenes / "train").iterdir()), *sorted((scenes / "val").iterdir())]
    net = load_image_network(run, device="cpu")
    seen, own = features_of(net, pictures), features_of(net, [first.path])
    apart = torch.linalg.vector_norm(seen - own, dim=1)
    assert first.distance == pytest.approx(float(apart.min()), abs=0.005)  # of features of length 1
    assert float(apart[pictures.index(scenes / first.nearest)]) == pytest.approx(first.distance, abs=0.005)
    assert sorted(first.probabilities) == sorted("134789")
    assert first.to_dict()["nearest"] == first.nearest


def test_fewer_are_the_first_of_more(found, run, unlabelled):
    few = weldon.next_images(run.path, [unlabelled], count=3)
    assert [image.file_name for image in few] == [image.file_name for image in found[:3]]


def test_what_is_left_out_is_said(run, unlabelled, caplog):
    with caplog.at_level(logging.INFO, logger="weldon"):
        next_images(run, unlabelled, count=1)
    assert "2 of 15 files are left out" in caplog.text
    assert "broken.png" in caplog.text


def test_labelled_images_alone_are_refused(run, scenes):
    with pytest.raises(DataError, match=r"none of the 36 images is new"):
        next_images(run, scenes / "train")


def test_a_count_below_one_is_refused(run, unlabelled):
    with pytest.raises(UsageError, match="count"):
        next_images(run, unlabelled, count=0)


def test_the_command_writes_a_table_and_overwrites_nothing(run, unlabelled, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, said = command(capsys, "next", run.path, unlabelled, "-n", "4")
    assert code == 0, said.err
    assert "4 pictures to label next" in said.out
    with (tmp_path / "runs" / "next.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4"]
    assert "probability of 3" in rows[0]
    code, said = command(capsys, "next", run.path, unlabelled, "--out", "runs/next.csv")
    assert code == 2
    code, said = command(capsys, "next", run.path, unlabelled, "-n", "2", "--json")
    assert len(json.loads(said.out)["images"]) == 2
    assert command(capsys, "next", run.path, "nowhere")[0] == 2
