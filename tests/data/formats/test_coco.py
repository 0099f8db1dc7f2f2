"""COCO json, opened by pycocotools."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest

from weldon.data.formats.annotation import ImageAnnotation, Polygon
from weldon.data.formats.coco import read_coco, write_coco
from weldon.data.labels import read_labels
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


CATEGORIES = [{"id": 0, "name": "cat"}, {"id": 90, "name": "dog"}]
IMAGES = [{"id": 1, "file_name": "a.png"}, {"id": "two", "file_name": "b.png"}]
RUNS = {"size": [2, 3], "counts": [1, 2, 3]}  # column by column: the second row of column 0, the first of 1


def mark(image=1, category=0, **values):
    return {"id": 7, "image_id": image, "category_id": category, **values}


def written(tmp_path, *annotations, images=IMAGES, categories=CATEGORIES):
    content = {"images": images, "categories": categories, "annotations": list(annotations)}
    (tmp_path / "c.json").write_text(json.dumps(content))
    return tmp_path / "c.json"


def first(tmp_path, **values):
    found = read_coco(written(tmp_path, mark(**values)))
    return found.images[0], found.notes


def test_an_annotation_without_a_place_is_a_label(tmp_path, photograph):
    photograph("a.png"), photograph("b.png")
    found = read_labels(tmp_path, written(tmp_path, mark("two", 90), mark(1, 0)))
    assert [record.labels for record in found.records] == [{"cat"}, {"dog"}]
    assert found.records[0].boxes is None, "where it is was not said, so nothing is measured against"


@pytest.mark.parametrize(
    ("values", "box"),
    [
        ({"segmentation": RUNS, "bbox": []}, (0, 0, 2, 2)),
        ({"segmentation": RUNS, "bbox": None}, (0, 0, 2, 2)),
        ({"segmentation": {"size": [2, 3], "counts": "123"}}, (0, 0, 2, 2)),
        ({"segmentation": [1, 1, 5, 1, 5, 9]}, (1, 1, 5, 9)),
        ({"segmentation": [[1, 1, 5, 1, 5, 9], [0, 0, 1, 0, 1, 1]]}, (0, 0, 5, 9)),
        ({"bbox": ["1", 2.0, 3, 4]}, (1, 2, 4, 6)),
    ],
)
def test_every_way_of_saying_where_is_read(tmp_path, values, box):
    image, notes = first(tmp_path, **values)
    assert image.boxes == (Box("cat", *box),)
    assert notes == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"bbox": [1, 1, -3, 0]}, "boxes without an inside"),
        ({"bbox": [1, 1, 0, 4]}, "boxes without an inside"),
        ({"segmentation": {"size": [2, 2], "counts": "abc"}}, "cannot be read"),
        ({"segmentation": {"size": [2, 2], "counts": [4]}}, "hold no pixel"),
        ({"segmentation": {"size": [10**9, 10**9], "counts": [4]}}, "cannot be read"),
        ({"segmentation": {"size": [10**9, 10**9], "counts": [10**18]}}, "hold no pixel"),
        ({"segmentation": {}}, "cannot be read"),
        ({"segmentation": [[1, 1, 2, 2]]}, "fewer than three corners"),
    ],
)
def test_a_place_that_cannot_be_used_is_counted_and_its_class_stays(tmp_path, values, said):
    image, notes = first(tmp_path, **values)
    assert (image.boxes, image.labels) == ((), ("cat",))
    assert said in notes[0]
    assert "annotation 7" in notes[0]
    assert [box.difficult for box in image.truth()] == [True], "no measure may take it as absent"


@pytest.mark.parametrize(
    "values",
    [
        {"bbox": [float("nan"), 0, 1, 1]},
        {"bbox": [0, 0, float("inf"), 1]},
        {"bbox": [0, 0, 1e300, 1]},
        {"bbox": [0, 0, 10**400, 1]},
        {"bbox": [0, 0, "wide", 1]},
        {"bbox": [0, 0, True, 1]},
        {"bbox": [0, 0, 1]},
        {"bbox": {"x": 1}},
        {"segmentation": [[0, 0, float("nan"), 1, 1, 1]]},
        {"segmentation": [0, [1, 2, 3, 4, 5, 6]]},
        {"segmentation": "mask.png"},
        {"bbox": [0, 0, 1, 1], "score": "high"},
    ],
)
def test_numbers_that_are_none_are_refused_by_annotation(tmp_path, values):
    with pytest.raises(DataError, match=r"c\.json, annotation 7: "):
        read_coco(written(tmp_path, mark(**values)))


def test_an_id_that_stands_for_two_things_is_refused_with_both_names(tmp_path):
    twice = [{"id": 1, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}]
    with pytest.raises(DataError, match=r"image id 1: 'a\.png' and 'b\.png'"):
        read_coco(written(tmp_path, mark(), images=twice))
    twice = [{"id": 0, "name": "cat"}, {"id": 0, "name": "dog"}]
    with pytest.raises(DataError, match="category id 0: 'cat' and 'dog'"):
        read_coco(written(tmp_path, mark(), categories=twice))


@pytest.mark.parametrize(
    ("images", "categories", "words"),
    [
        ([{"id": 1, "file_name": None}], CATEGORIES, "image 1: its file_name is None"),
        ([{"id": 1, "file_name": "a.png", "width": "wide"}], CATEGORIES, "image 1: 'wide'"),
        ([{"id": 1, "file_name": "a.png", "height": -4}], CATEGORIES, "image 1: -4"),
        (IMAGES, [{"id": 0, "name": " "}], "category 0: its name"),
        (IMAGES, [{"id": 0, "name": ["cat"]}], "category 0: its name"),
        (IMAGES, [{"id": 0, "name": "cat"}, {"id": "a", "name": "dog"}], "not laid out"),
    ],
)
def test_a_damaged_entry_is_named(tmp_path, images, categories, words):
    with pytest.raises(DataError, match=words):
        read_coco(written(tmp_path, images=images, categories=categories))


def test_sizes_are_read_as_numbers_or_texts(tmp_path):
    images = [{"id": 1, "file_name": "a.png", "width": "160.0", "height": 120.0}]
    (image,) = read_coco(written(tmp_path, images=images)).images
    assert (image.width, image.height) == (160, 120)


def test_what_an_image_itself_says_in_another_form_makes_it_unknown(tmp_path, photograph):
    photograph("a.png"), photograph("b.png")
    images = [{**IMAGES[0], "labels": "furry", "scores": [1], "points": [[1, 2]]}, IMAGES[1]]
    found = read_labels(tmp_path, written(tmp_path, mark(), mark("two", 90), images=images))
    assert [(record.labels, record.unknown) for record in found.records] == [
        ({"cat"}, {"dog"}),
        ({"dog"}, frozenset()),
    ]
    assert sum("image 1" in note for note in found.notes) == 3


def test_classes_that_nobody_looked_for_are_unknown(tmp_path):
    images = [{**IMAGES[0], "neg_category_ids": [90]}, {**IMAGES[1], "neg_category_ids": []}]
    one, two = read_coco(written(tmp_path, mark(), images=images)).images
    assert (one.unknown, two.unknown) == ((), ("cat", "dog"))
