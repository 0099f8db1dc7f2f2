"""MS COCO in miniature, as published: ids with gaps, a crowd, an image without instances."""

from __future__ import annotations

import json

import pytest

from weldon.data.public.catalogue import read_dataset
from weldon.data.public.class_lists import COCO_CLASSES
from weldon.data.record import Box
from weldon.errors import DataError

IDS = {"person": 1, "stop sign": 13, "toothbrush": 90}
SEGMENTS = [[1.0, 1.0, 5.0, 1.0, 5.0, 5.0]]


def instances(images: dict[int, str], marks: list[tuple[int, str, int]]) -> dict:
    return {
        "info": {"year": 2014},
        "images": [{"id": n, "file_name": name, "width": 12, "height": 8} for n, name in images.items()],
        "categories": [{"id": n, "name": name, "supercategory": "x"} for name, n in IDS.items()],
        "annotations": [
            {
                "id": row,
                "image_id": image,
                "category_id": IDS[name],
                "bbox": [1.0, 2.0, 3.0, 4.0],
                "area": 12.0,
                "iscrowd": crowd,
                "segmentation": {"counts": [1], "size": [8, 12]} if crowd else SEGMENTS,
            }
            for row, (image, name, crowd) in enumerate(marks)
        ],
    }


@pytest.fixture(params=[2014, 2017])
def coco(request, tmp_path, photograph):
    year = request.param
    prefix = "COCO_{}2014_" if year == 2014 else ""
    train = {9: f"{prefix.format('train')}000000000009.jpg", 25: f"{prefix.format('train')}000000000025.jpg"}
    val = {42: f"{prefix.format('val')}000000000042.jpg"}
    parts = {
        "train": instances(train, [(9, "person", 0), (9, "person", 0), (9, "toothbrush", 0)]),
        "val": instances(val, [(42, "stop sign", 1)]),
    }
    (tmp_path / "annotations").mkdir()
    for name, content in parts.items():
        (tmp_path / "annotations" / f"instances_{name}{year}.json").write_text(json.dumps(content))
        for image in content["images"]:
            photograph(f"{name}{year}/{image['file_name']}")
    return f"coco{year}", tmp_path


def test_image_labels_are_the_categories_of_the_instances(coco):
    found = read_dataset(*coco)
    first, second, third = found.records
    assert found.classes == COCO_CLASSES
    assert first.labels == {"person", "toothbrush"}
    assert second.labels == frozenset()  # kept: the paper's 82,783 count images without instances
    assert not second.unknown
    assert [record.split for record in found.records] == ["train", "train", "test"]
    assert third.labels == {"stop sign"}


def test_boxes_are_kept_and_crowds_marked(coco):
    first, second, third = read_dataset(*coco).records
    assert first.boxes[0] == Box("person", 1, 2, 4, 6)
    assert second.boxes == ()
    assert third.boxes[0].difficult


def test_a_missing_photograph_and_category_are_named(coco):
    name, root = coco
    year = name[-4:]
    next((root / f"val{year}").iterdir()).unlink()
    path = root / "annotations" / f"instances_train{year}.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["category_id"] = 12
    path.write_text(json.dumps(content))
    with pytest.raises(DataError) as error:
        read_dataset(name, root)
    assert f"instances_train{year}.json, annotation 0: no category 12" in str(error.value)
    assert f"instances_val{year}.json, image 42: no file" in str(error.value)


def test_the_layout_is_named_when_it_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"no MS COCO 2014 in .*annotations/instances_train2014.json"):
        read_dataset("coco2014", tmp_path)
