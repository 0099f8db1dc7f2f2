"""New images only, the most useful first, in a table; what cannot be read is left out."""

from __future__ import annotations

import csv
import json
import logging
import shutil
from math import log2

import pytest
import torch

import weldon
from cli.shell import run as command
from weldon.data.corrections import Correction, append_correction, joined_table
from weldon.data.image import load_image
from weldon.data.scenes import make_scenes, write_scenes
from weldon.data.transforms import EvalTransform
from weldon.errors import DataError, UsageError
from weldon.inference.loading import load_image_network
from weldon.review.label_next import next_images
from weldon.runs.run_directory import RunDirectory


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
    chances = list(weldon.load(run.path, device="cpu").predict(first.path).probabilities.values())
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
    assert "2 files are left out" in caplog.text
    assert "broken.png" in caplog.text


def test_an_image_that_people_labelled_on_the_page_counts_as_labelled(
    found, run, unlabelled, caplog, tmp_path
):
    said = found[0].path.resolve()
    table = tmp_path / "c.csv"
    append_correction(joined_table(table), Correction(str(said), "8", "unknown", "present"))
    append_correction(table, Correction("val/00001.png", "3", "absent", "unknown"))
    with caplog.at_level(logging.INFO, logger="weldon"):
        again = next_images(run, unlabelled, count=50, corrections=table)
    assert {image.path for image in found} - {image.path for image in again} == {found[0].path}
    assert len(again) == 11
    assert "1 file is left out: people labelled them on the page" in caplog.text
    near = {image.path: image.distance for image in again}
    assert all(near[image.path] <= image.distance + 1e-6 for image in again)


def test_when_people_labelled_every_image_there_is_nothing_to_choose(found, run, tmp_path):
    table = tmp_path / "c.csv"
    append_correction(joined_table(table), Correction(str(found[0].path), "8", "unknown", "present"))
    append_correction(table, Correction("val/00001.png", "3", "absent", "unknown"))
    with pytest.raises(DataError, match="of 1 image none is new"):
        next_images(run, found[0].path, corrections=table)


def test_how_unsure_a_run_is_goes_by_its_calibrated_probabilities(run, unlabelled, tmp_path):
    flat = RunDirectory(shutil.copytree(run.path, tmp_path / "flat"))
    values = json.loads(flat.calibration.read_text())
    values["classes"] = {name: {"slope": 1e-12, "offset": 0.0} for name in values["classes"]}
    flat.calibration.write_text(json.dumps(values))
    assert all(image.uncertainty == pytest.approx(1.0) for image in next_images(flat, unlabelled))


def test_labelled_images_alone_are_refused(run, scenes):
    with pytest.raises(DataError, match=r"of 36 images none is new"):
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
