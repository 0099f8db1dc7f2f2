"""What a run is measured against: what the caller names, else what the data brings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weldon.data import Box, Record
from weldon.errors import UsageError
from weldon.training.measured_images import MeasuredImages
from weldon.training.truth import find_truth

OWN = (Box("cat", 0, 0, 2, 2),)


def images(**values) -> MeasuredImages:
    """The image a.png is measured, b.png is another of the data."""
    records = tuple(Record(Path(name), name, frozenset({"cat"}), **values) for name in ("a.png", "b.png"))
    return MeasuredImages(records, records[:1], (), Path("."), own=True)


def found(chosen: MeasuredImages, *, boxes=None, masks=None, legend=None):
    return find_truth(chosen, ("cat",), boxes=boxes, masks=masks, legend=legend)


def coco(tmp_path: Path, name: str) -> Path:
    content = {
        "images": [{"id": 1, "file_name": name, "width": 9, "height": 9}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4]}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(content))
    return tmp_path / "boxes.json"


def test_data_without_truth_has_none():
    assert (found(images()).boxes, found(images()).masks) == (None, None)


def test_boxes_of_the_data_are_used_where_none_are_named():
    assert found(images(boxes=OWN)).boxes == {"a.png": OWN, "b.png": OWN}


def test_named_boxes_go_before_those_of_the_data(tmp_path):
    truth = found(images(boxes=OWN), boxes=coco(tmp_path, "a.png")).boxes
    assert [(box.x1, box.x2) for box in truth["a.png"]] == [(1, 5)]
    assert "b.png" not in truth
    mine = {"a.png": ()}
    assert found(images(boxes=OWN), boxes=mine).boxes == mine


def test_boxes_of_other_images_than_those_measured_are_refused(tmp_path):
    with pytest.raises(UsageError, match="boxes must be of measured images, got none of 1"):
        found(images(), boxes=coco(tmp_path, "b.png"))


def test_masks_are_found_by_the_names_of_the_images(tmp_path):
    Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / "a.png")
    masks = found(images(), masks=tmp_path, legend="run").masks
    assert "a.png" in masks
    assert "b.png" not in masks
    assert (masks.read("a.png", (4, 4)) == 1).all()


def test_masks_of_other_images_than_those_measured_are_refused(tmp_path):
    Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / "b.png")
    with pytest.raises(UsageError, match="masks must be of measured images, got none of 1 in"):
        found(images(), masks=tmp_path, legend="run")
