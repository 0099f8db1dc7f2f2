"""COCO json, opened by pycocotools."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest

from weldon.data.annotation import ImageAnnotation, Polygon
from weldon.data.coco import write_coco
from weldon.data.coco_reader import read_coco
from weldon.data.record import Box
from weldon.errors import DataError

coco_tools = pytest.importorskip("pycocotools.coco")
CLASSES = ("cat", "dog")


def opened(path):
    with contextlib.redirect_stdout(io.StringIO()):
        return coco_tools.COCO(str(path))


def mask_with_holes() -> np.ndarray:
    mask = np.zeros((40, 60), dtype=np.uint8)
    mask[5:30, 5:40] = 1
    mask[10:20, 10:20] = 0
    mask[12:15, 12:15] = 1
    mask[24:27, 30:35] = 0
    mask[20:38, 45:58] = 2
    mask[0, 0] = 255
    return mask


def test_pycocotools_opens_it_and_ids_begin_at_one(tmp_path):
    boxes = (Box("dog", 1, 2, 11, 22, 0.5), Box("cat", 0, 0, 5, 5))
    write_coco(tmp_path / "a.json", [ImageAnnotation(f"{n}.jpg", 60, 40, boxes) for n in range(2)], CLASSES)
    found = opened(tmp_path / "a.json")
    assert sorted(found.imgs) == [1, 2]
    assert sorted(found.cats) == [1, 2]
    assert sorted(found.anns) == [1, 2, 3, 4]
    assert found.loadCats(found.getCatIds(catNms=["dog"]))[0]["id"] == 2
    first = found.anns[1]
    assert first["bbox"] == [1, 2, 10, 20]
    assert (first["area"], first["iscrowd"], first["score"]) == (200, 0, 0.5)
    assert "score" not in found.anns[2]


def test_pycocotools_fills_the_polygons_to_the_same_mask(tmp_path):
    mask = mask_with_holes()
    image = ImageAnnotation("a.jpg", 60, 40, mask=mask, scores={"cat": 0.75})
    write_coco(tmp_path / "a.json", [image], CLASSES)
    found = opened(tmp_path / "a.json")
    drawn = np.zeros_like(mask)
    for annotation in found.anns.values():
        region = found.annToMask(annotation).astype(bool)
        assert region.sum() == annotation["area"]
        drawn[region] = annotation["category_id"]
    assert np.array_equal(drawn, np.where(mask == 255, 0, mask))
    assert [a["score"] for a in found.anns.values() if a["category_id"] == 1] == [0.75, 0.75]
    assert found.anns[1]["bbox"] == [5, 5, 35, 25]


def test_its_results_are_accepted_by_the_evaluation(tmp_path):
    truth = [ImageAnnotation("a.jpg", 60, 40, (Box("cat", 0, 0, 30, 30), Box("dog", 30, 0, 60, 30)))]
    write_coco(tmp_path / "truth.json", truth, CLASSES)
    scored = [
        ImageAnnotation(
            "a.jpg", 60, 40, tuple(Box(b.label, b.x1, b.y1, b.x2, b.y2, 0.5) for b in truth[0].boxes)
        )
    ]
    write_coco(tmp_path / "found.json", scored, CLASSES)
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    with contextlib.redirect_stdout(io.StringIO()):
        ground = opened(tmp_path / "truth.json")
        found = ground.loadRes(json.loads((tmp_path / "found.json").read_text())["annotations"])
        judge = evaluation.COCOeval(ground, found, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    assert judge.stats[0] == pytest.approx(1.0)


def test_foreign_files_with_gaps_in_ids_and_run_lengths_read(tmp_path):
    content = {
        "images": [{"id": 99, "file_name": "a.jpg", "width": 10, "height": 10}],
        "categories": [{"id": 18, "name": "dog"}, {"id": 3, "name": "cat"}],
        "annotations": [
            {
                "id": 1,
                "image_id": 99,
                "category_id": 18,
                "bbox": [1, 1, 2, 2],
                "segmentation": {"counts": [], "size": []},
            },
            {"id": 2, "image_id": 99, "category_id": 3, "segmentation": [[0, 0, 4, 0, 4, 3]]},
        ],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    found = read_coco(tmp_path / "a.json")
    assert found.classes == ("cat", "dog")
    assert found.images[0].boxes == (Box("dog", 1, 1, 3, 3), Box("cat", 0, 0, 4, 3))
    assert found.images[0].polygons == (Polygon("cat", ((0, 0), (4, 0), (4, 3))),)


def test_every_contradiction_is_listed(tmp_path):
    content = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [
            {"id": 1, "image_id": 2, "category_id": 1, "bbox": [0, 0, 1, 1]},
            {"id": 2, "image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1]},
            {"id": 3, "image_id": 1, "category_id": 1, "bbox": [0, 0, float("nan"), 1]},
        ],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(DataError) as caught:
        read_coco(tmp_path / "a.json")
    assert len(caught.value.problems) == 3
    assert "a.json, annotation 2: no category 0" in str(caught.value)


@pytest.mark.data
def test_the_boxes_of_the_steel_photographs_are_read(steel):
    found = read_coco(steel / "boxes.json")
    assert len(found.images) == 1170
    assert sum(len(image.boxes) for image in found.images) == 2748
