"""A result as rows and as a record, by hand."""

from __future__ import annotations

import json

import pytest

from fixtures.bag_results import bag_result
from fixtures.results import corner_result
from weldon.data.record import Box
from weldon.inference import Predictor, Result, to_annotation
from weldon.inference.output import (
    BAG_TABLES,
    IMAGE_TABLES,
    bag_record,
    box_confidence,
    instance_rows,
    json_record,
    rounded_values,
)

CLASSES = ("cat", "dog")


@pytest.fixture
def result() -> Result:
    return corner_result("day/a.png")


def test_a_row_a_class_with_score_chance_verdict_and_point(result):
    cat, dog = (
        dict(zip(IMAGE_TABLES.long_columns, row, strict=True)) for row in IMAGE_TABLES.long_rows(result)
    )
    assert (cat["file_name"], cat["class"], cat["score"]) == ("day/a.png", "cat", "3.000000")
    assert (cat["probability"], cat["predicted"]) == ("0.952574", "1")
    assert (cat["x"], cat["y"], cat["point_score"]) == ("70.0", "5.0", "3.000000")
    assert (dog["predicted"], dog["point_score"]) == ("0", "-2.000000")


def test_a_wide_row_fits_its_columns(result):
    assert IMAGE_TABLES.wide_columns(CLASSES) == ("file_name", "labels", "cat", "dog")
    assert IMAGE_TABLES.wide_row(result) == ["day/a.png", "cat", "0.952574", "0.119203"]


def test_the_record_is_plain_and_has_evidence_of_what_is_predicted_only(result):
    record = json_record(result)
    assert json.loads(json.dumps(record)) == record
    assert (record["width"], record["height"], record["labels"]) == (80, 40, ["cat"])
    assert list(record["points"]) == ["cat", "dog"]
    assert list(record["evidence"]) == ["cat"]
    (box,) = record["boxes"]
    assert (box["label"], box["score"], box["confidence"]) == ("cat", 3.0, 0.952574)


def test_a_box_is_as_sure_as_its_class_at_the_peak_and_less_below(result):
    peak, half, flat = (Box(name, 0, 0, 1, 1, score) for name, score in (("cat", 3), ("cat", 1), ("dog", -2)))
    assert box_confidence(result, peak) == pytest.approx(result.probabilities["cat"])
    assert box_confidence(result, half) == pytest.approx(result.probabilities["cat"] / 2)
    assert box_confidence(result, flat) == pytest.approx(result.probabilities["dog"])


def test_rounding_reaches_every_float_and_nothing_else():
    assert rounded_values({"a": (1.23456789, 7, True, None, "1.23456789")}) == {
        "a": [1.234568, 7, True, None, "1.23456789"]
    }


def test_labels_alone_unless_more_is_asked_for(predictor: Predictor, photos):
    result = predictor.predict(photos / "p3.png")
    annotation = to_annotation(result)
    assert (annotation.width, annotation.height) == (200, 50)
    assert annotation.labels == tuple(result.labels)
    assert (annotation.boxes, annotation.points, annotation.mask) == ((), (), None)


def test_points_boxes_and_mask_of_the_predicted_classes(predictor: Predictor, photos):
    result = predictor.predict(photos / "p3.png")
    annotation = to_annotation(result, points=True, boxes=True, masks={})
    assert [point.label for point in annotation.points] == result.labels
    boxes = [box for name in result.labels for box in result.boxes(name)]
    sure = [box_confidence(result, box) for box in boxes]  # in the map's terms; by hand further above
    assert [box.score for box in annotation.boxes] == pytest.approx(sure)
    assert [(box.label, box.x1, box.y2) for box in annotation.boxes] == [(b.label, b.x1, b.y2) for b in boxes]
    assert annotation.mask.shape == (50, 200)
    assert "dog" not in annotation.named


def test_the_surest_box_has_about_the_probability_of_its_class(predictor: Predictor, photos):
    result = predictor.predict(photos / "p3.png")
    best = max(box.score for box in to_annotation(result, boxes=True).boxes if box.label == "cat")
    assert best == pytest.approx(result.probabilities["cat"], rel=0.2)


def test_a_row_a_class_of_a_bag_by_hand():
    assert BAG_TABLES.long_columns == ("bag", "class", "score", "probability", "predicted")
    assert BAG_TABLES.long_rows(bag_result()) == [
        ["slide 1", "cat", "1.000000", "0.731059", "1"],
        ["slide 1", "dög", "-1.000000", "0.268941", "0"],
    ]


def test_a_row_a_bag_joins_its_labels():
    assert BAG_TABLES.wide_columns(("cat", "dög")) == ("bag", "labels", "cat", "dög")
    assert BAG_TABLES.wide_row(bag_result()) == ["slide 1", "cat", "0.731059", "0.268941"]
    assert BAG_TABLES.wide_row(bag_result(dög=-2.0))[1] == "cat|dög"


def test_every_instance_has_its_own_row():
    rows = instance_rows(bag_result())
    assert [row[1] for row in rows] == ["0,0", "0,1", "1,0"]
    assert rows[1] == ["slide 1", "0,1", "0.500000", "-2.000000"]


def test_evidence_of_the_predicted_class_adds_up_by_name_of_instance():
    record = bag_record(bag_result())
    assert list(record) == ["bag", "instances", "labels", "scores", "probabilities", "evidence"]
    assert (record["instances"], record["labels"], list(record["evidence"])) == (3, ["cat"], ["cat"])
    evidence = record["evidence"]["cat"]
    assert evidence["top"] == [{"instance": "0,0", "score": 3.0, "weight": 0.5, "contribution": 1.5}]
    assert evidence["low"] == [{"instance": "1,0", "score": -1.0, "weight": 0.5, "contribution": -0.5}]
    assert (evidence["top_sum"], evidence["low_sum"], evidence["remainder"]) == (1.5, -0.5, 0.0)
