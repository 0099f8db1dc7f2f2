"""Annotations carry the predicted classes, in original pixels, scored in 0 to 1."""

from __future__ import annotations

import pytest

from weldon.inference import Predictor, to_annotation


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
    assert annotation.boxes
    assert all(0 <= box.score <= 1 for box in annotation.boxes)
    assert annotation.mask.shape == (50, 200)
    assert "dog" not in annotation.named


def test_the_surest_box_has_about_the_probability_of_its_class(predictor: Predictor, photos):
    result = predictor.predict(photos / "p3.png")
    best = max(box.score for box in to_annotation(result, boxes=True).boxes if box.label == "cat")
    assert best == pytest.approx(result.probabilities["cat"], rel=0.2)
