"""Maps are found by everything they depend on, and by nothing else."""

from __future__ import annotations

import os
import shutil

import pytest
import torch

from weldon.data.transforms import EvalTransform
from weldon.errors import DataError
from weldon.models import create_model
from weldon.training.features import map_key as subject
from weldon.training.features.map_key import map_facts, map_key, read_contents


@pytest.fixture(scope="module")
def net():
    return create_model("test_resnet", 1, weights="none").eval()


def test_files_are_known_by_their_bytes(tmp_path):
    one, copy, other = (tmp_path / name for name in "abc")
    one.write_bytes(b"pixels")
    shutil.copy(one, copy)
    other.write_bytes(b"others")
    digests = read_contents([one, copy, other]).digests
    assert digests[one] == digests[copy] != digests[other]


def test_other_bytes_under_the_same_name_size_and_time_are_seen(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"pixels")
    before, said = read_contents([path]), path.stat()
    path.write_bytes(b"others")
    os.utime(path, ns=(said.st_atime_ns, said.st_mtime_ns))
    assert read_contents([path]).digests != before.digests
    with pytest.raises(DataError, match="changed while") as told:
        before.refuse_changes()
    assert str(path) in str(told.value)


def test_files_that_did_not_change_are_not_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"pixels")
    read_contents([tmp_path / "a"]).refuse_changes()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "no file"),
        (os.mkfifo, "no file"),
        (lambda path: path.symlink_to(path), "circle"),
    ],
    ids=["missing", "folder", "pipe", "loop"],
)
def test_what_cannot_be_read_is_lost_with_the_reason(tmp_path, make, reason):
    make(tmp_path / "a")
    found = read_contents([tmp_path / "a"])
    assert reason in found.lost[tmp_path / "a"]
    assert not found.digests


@pytest.mark.parametrize(
    "transform",
    [
        EvalTransform(96),
        EvalTransform(64, "warp"),
        EvalTransform(64, mean=(0.5, 0.5, 0.5)),
        EvalTransform(64, std=(0.5, 0.5, 0.5)),
    ],
    ids=["image_size", "resize", "mean", "std"],
)
def test_how_images_are_laid_counts(net, transform):
    assert map_facts(net, transform) != map_facts(net, EvalTransform(64))


def test_weights_and_structure_of_the_backbone_count(net):
    laid = EvalTransform(64)
    other = create_model("test_resnet", 1, weights="none")
    other.backbone.load_state_dict(net.backbone.state_dict())
    assert map_facts(other, laid) == map_facts(net, laid)
    with torch.no_grad():
        next(other.backbone.parameters()).view(-1)[0] += 1e-3
    assert map_facts(other, laid) != map_facts(net, laid)
    finer = create_model("test_resnet", 1, weights="none", model_kwargs={"output_stride": 16})
    finer.backbone.load_state_dict(net.backbone.state_dict())
    assert map_facts(finer, laid) != map_facts(net, laid)


def test_the_head_does_not_count(net):
    other = create_model("test_resnet", 5, weights="none", pool="wildcat", mean=(0.1, 0.1, 0.1))
    other.backbone.load_state_dict(net.backbone.state_dict())
    assert map_facts(other, EvalTransform(64)) == map_facts(net, EvalTransform(64))


@pytest.mark.parametrize("name", ["torch", "pillow"])
def test_libraries_that_make_the_pixels_count(net, monkeypatch, name):
    before, known = map_facts(net, EvalTransform(64)), subject.version
    monkeypatch.setattr(subject, "version", lambda asked: "0" if asked == name else known(asked))
    assert map_facts(net, EvalTransform(64)) != before


def test_equal_images_count_once_and_their_order_does_not_matter():
    assert map_key({}, ["a", "b", "a"]) == map_key({}, ["b", "a"])
    assert map_key({}, ["a"]) != map_key({}, ["b"]) != map_key({"layout": 1}, ["b"])
