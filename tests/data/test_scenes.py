"""Scenes are repeatable, keep their rooms apart, and their boxes hold the digits."""

from __future__ import annotations

import numpy as np
import pytest

from weldon.data import read_labels
from weldon.data.scenes import CLASSES, ROOMS, SIDE, _handwriting, make_scenes, write_scenes
from weldon.errors import UsageError


def test_the_same_seed_gives_the_same_scenes():
    first, second = (make_scenes(5, split="train", seed=3) for _ in range(2))
    assert all(
        (a.pixels == b.pixels).all() and a.boxes == b.boxes for a, b in zip(first, second, strict=True)
    )


def test_digits_of_different_rooms_never_share_a_scene():
    rooms = [{str(digit) for digit in room} for room in ROOMS]
    for scene in make_scenes(200, split="train", seed=0):
        assert any(scene.labels <= room for room in rooms)


def test_splits_share_no_handwriting():
    seen = [
        {image.tobytes() for image in np.concatenate(list(_handwriting(split).values()))}
        for split in ("train", "test")
    ]
    assert not seen[0] & seen[1]


def test_the_mask_lies_within_the_boxes_and_names_their_digits():
    for scene in make_scenes(50, split="val", seed=1):
        inside = np.zeros((SIDE, SIDE), dtype=bool)
        for box in scene.boxes:
            inside[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)] = True
        assert not scene.mask[~inside].any()
        assert {str(value - 1) for value in np.unique(scene.mask) if value} == scene.labels


def test_written_scenes_read_back_as_a_table(tmp_path):
    scenes = {"train": make_scenes(12, split="train", seed=0), "test": make_scenes(4, split="test", seed=0)}
    written = write_scenes(tmp_path, scenes)
    read = read_labels(tmp_path, tmp_path / "labels.csv")
    assert [(r.file_name, r.labels, r.split) for r in read.records] == [
        (r.file_name, r.labels, r.split) for r in written
    ]
    assert set(read.classes) <= set(CLASSES)


def test_an_unknown_split_is_refused():
    with pytest.raises(UsageError, match="holiday"):
        make_scenes(1, split="holiday", seed=0)
