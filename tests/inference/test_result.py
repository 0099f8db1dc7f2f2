"""Boxes of a result: only where a region speaks for the class."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from weldon.data.geometry import Geometry
from weldon.inference.decision import Decision
from weldon.inference.localise import locate_boxes
from weldon.inference.output import json_record, to_annotation
from weldon.inference.result import Result

GEOMETRY = Geometry(80, 40, 64, "warp")  # 4 x 4 cells of 20 x 10 pixels


def scratched(*peaks: float, elsewhere: float) -> Result:
    """An image that is labelled "scratch" since its threshold is low; up to two peaks in opposite corners."""
    scores = torch.full((1, 4, 4), elsewhere)
    for (row, col), peak in zip(((0, 0), (3, 3)), peaks, strict=False):
        scores[0, row, col] = peak
    return Result(
        file_name="plate.jpg",
        source=Image.new("RGB", (80, 40)),
        geometry=GEOMETRY,
        decision=Decision(("scratch",), "multilabel", {"scratch": -9.0}),
        class_scores=torch.tensor([-3.0]),
        class_maps=scores,
        positive=torch.zeros_like(scores),
        negative=torch.zeros_like(scores),
    )


def test_a_class_without_a_region_that_speaks_for_it_gets_a_label_and_no_box():
    result = scratched(-1.0, elsewhere=-6.0)
    assert result.labels == ["scratch"]
    assert result.boxes("scratch") == []
    assert json_record(result)["boxes"] == []
    annotation = to_annotation(result, boxes=True)
    assert (annotation.labels, annotation.boxes) == (("scratch",), ())


def test_a_part_that_speaks_against_the_class_gets_no_box_beside_one_that_speaks_for_it():
    result = scratched(3.0, -1.0, elsewhere=-6.0)  # cut at half the range, -1.5: two parts
    parts = locate_boxes(result.class_maps[0], GEOMETRY, label="scratch")
    assert [round(part.score) for part in parts] == [3, -1]
    assert result.boxes("scratch") == parts[:1]


def test_boxes_that_speak_for_the_class_are_cut_where_the_share_of_the_range_says():
    lifted, low = scratched(9.0, 5.0, elsewhere=0.0), scratched(6.0, 2.0, elsewhere=-3.0)
    for share in (0.3, 0.5):
        expected = [(box.x1, box.y1, box.x2, box.y2) for box in lifted.boxes("scratch", threshold=share)]
        found = low.boxes("scratch", threshold=share)
        assert [(box.x1, box.y1, box.x2, box.y2) for box in found] == expected
        assert [box.score for box in found] == pytest.approx(
            [box.score - 3 for box in lifted.boxes("scratch", threshold=share)]
        )
