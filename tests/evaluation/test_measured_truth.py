"""What a run is measured against: what the caller names, else what the data brings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weldon.data import Box, ImageAnnotation, Record
from weldon.data.formats.voc_xml import write_voc
from weldon.errors import DataError
from weldon.evaluation.measured_truth import describe_truth, find_truth
from weldon.evaluation.selection import MeasuredImages

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
    mine = {"a.png": OWN}
    assert found(images(boxes=OWN), boxes=mine).boxes == mine


def test_boxes_of_other_images_than_those_measured_are_refused(tmp_path):
    with pytest.raises(DataError, match="boxes must be of measured images, got none of 1"):
        found(images(), boxes=coco(tmp_path, "b.png"))


def test_masks_are_found_by_the_names_of_the_images(tmp_path):
    Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / "a.png")
    masks = found(images(), masks=tmp_path, legend="run").masks
    assert "a.png" in masks
    assert "b.png" not in masks
    assert (masks.read("a.png", (4, 4)) == 1).all()


def test_masks_of_other_images_than_those_measured_are_refused(tmp_path):
    Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / "b.png")
    with pytest.raises(DataError, match="masks must be of measured images, got none of 1 in"):
        found(images(), masks=tmp_path, legend="run")


def labelled(tmp_path: Path, **labels: str) -> Path:
    """Write VOC files with a box each."""
    for stem, label in labels.items():
        write_voc(tmp_path / "voc", [ImageAnnotation(f"{stem}.png", 9, 9, (Box(label, 0, 0, 4, 4),))])
    return tmp_path / "voc"


def all_of(*names: str) -> MeasuredImages:
    records = tuple(Record(Path(name), name, frozenset({"cat"})) for name in names)
    return MeasuredImages(records, records, (), Path("."), own=True)


def test_it_is_said_how_many_images_the_boxes_are_of_and_which_labels_are_strange(tmp_path):
    truth = found(all_of("a.png", "b.png", "c.png"), boxes=labelled(tmp_path, a="cat", b="CAT", z="cow"))
    told = truth.covered.figures().overall
    assert told["truth"]["boxes"] | {"notes": ()} == {
        "images": 2,
        "of": 3,
        "objects": 1,
        "labels_unknown": ("CAT",),
        "missing": ("c.png",),
        "notes": (),
    }
    assert describe_truth(told)[:2] == [
        "boxes of 2 of 3 images (none of c.png, ...)",
        "labels unknown to the run: CAT",
    ]


def test_boxes_of_no_class_of_the_run_are_refused_with_their_labels(tmp_path):
    with pytest.raises(DataError, match=r"boxes of 1 of 1 images.*labels unknown to the run: CAT") as caught:
        found(all_of("a.png"), boxes=labelled(tmp_path, a="CAT"))
    assert caught.value.exit_code == 1


def test_what_a_reader_left_out_is_said(tmp_path):
    write_voc(tmp_path / "voc", [ImageAnnotation("a.png", 9, 9, (Box("cat", 0, 0, 4, 4),))])
    (tmp_path / "voc" / "._a.xml").write_bytes(b"")
    told = found(all_of("a.png"), boxes=tmp_path / "voc").covered.figures().overall
    assert any("hidden files were passed over (._a.xml)" in line for line in describe_truth(told))


def test_own_boxes_that_tell_no_place_measure_nothing():
    somewhere = (Box("cat", 0, 0, 9, 9, difficult=True),)
    assert found(images(boxes=somewhere)).boxes is None
    assert found(images(boxes=())).boxes is None


def test_a_box_file_that_could_mean_two_images_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"x/a\.png and y/a\.png"):
        found(all_of("x/a.png", "y/a.png"), boxes=labelled(tmp_path, a="cat"))


def test_it_is_said_how_many_images_the_masks_are_of(tmp_path):
    Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "legend.csv").write_text("index,class\n1,cat\n2,cow\n")
    told = found(all_of("a.png", "b.png"), masks=tmp_path).covered.figures().overall
    assert describe_truth(told) == [
        "masks of 1 of 2 images (none of b.png, ...)",
        "labels unknown to the run: cow",
    ]


def test_masks_of_0_and_255_are_refused(tmp_path):
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="only 0 and 255"):
        found(all_of("a.png"), masks=tmp_path)
