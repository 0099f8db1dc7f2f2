"""MaxBoxAccV2: boxes are those that predict cuts, thresholds come from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from weldon.data import Box, Geometry, Record
from weldon.errors import UsageError
from weldon.evaluation.measures.boxes import (
    THRESHOLDS,
    BoxMeasure,
    BoxOverlapMeasure,
    BoxThresholds,
    choose_thresholds,
)
from weldon.evaluation.measures.measure import ImageMaps
from weldon.inference.localise import locate_boxes

CLASSES = ("cat", "dog")
GEOMETRY = Geometry(64, 64, 64, "warp")


def answer(name: str, *maps: torch.Tensor) -> ImageMaps:
    record = Record(Path(name), name, frozenset())
    return ImageMaps(0, record, torch.zeros(len(maps)), GEOMETRY, torch.stack(maps))


def blob(row: int, column: int) -> torch.Tensor:
    """An 8 x 8 map with one high cell."""
    values = torch.zeros(8, 8)
    values[row, column] = 1.0
    return values


def around(class_map: torch.Tensor, label: str, threshold: float) -> Box:
    """The box that predict draws at a threshold."""
    (found,) = locate_boxes(class_map, GEOMETRY, label=label, threshold=threshold)
    return found


def test_the_threshold_that_drew_the_true_boxes_is_found_and_right():
    boxes = {f"{n}.jpg": (around(blob(n, 3), "cat", 0.6),) for n in range(1, 6)}
    overlaps = BoxOverlapMeasure(boxes, CLASSES, THRESHOLDS)
    for n in range(1, 6):
        overlaps.update(answer(f"{n}.jpg", blob(n, 3), blob(0, 0)))
    chosen = choose_thresholds(overlaps)
    measure = BoxMeasure(boxes, CLASSES, chosen)
    for n in range(1, 6):
        measure.update(answer(f"{n}.jpg", blob(n, 3), blob(0, 0)))
    figures = measure.figures()
    assert overlaps.overlaps[:, THRESHOLDS.index(0.6)].tolist() == [1.0] * 5
    assert figures.overall["maxboxacc"] == figures.overall["maxboxacc_one_threshold"] == 1.0
    assert figures.per_class["cat"]["maxboxacc"] == 1.0


def test_each_level_is_cut_at_its_own_threshold():
    truth = around(blob(4, 4), "cat", 0.9)  # small: IoU 1 at 0.9, far less at 0.1
    measure = BoxMeasure({"a.jpg": (truth,)}, CLASSES, BoxThresholds((0.9, 0.9, 0.1), 0.1))
    measure.update(answer("a.jpg", blob(4, 4), blob(0, 0)))
    overall = measure.figures().overall
    assert overall["maxboxacc_levels"] == {"0.3": 1.0, "0.5": 1.0, "0.7": 0.0}
    assert overall["maxboxacc"] == pytest.approx(2 / 3)
    assert overall["maxboxacc_one_threshold"] == 0.0
    assert overall["box_thresholds"] == {"0.3": 0.9, "0.5": 0.9, "0.7": 0.1, "one": 0.1}


def test_a_pair_is_a_class_that_has_a_box_in_the_image():
    boxes = {
        "two.jpg": (around(blob(2, 2), "cat", 0.5), around(blob(6, 6), "dog", 0.5)),
        "none.jpg": (),
        "stranger.jpg": (Box("horse", 0, 0, 9, 9),),
        "hard.jpg": (Box("cat", 0, 0, 9, 9, difficult=True),),
    }
    overlaps = BoxOverlapMeasure(boxes, CLASSES, (0.5,))
    for name in (*boxes, "unlisted.jpg"):
        overlaps.update(answer(name, blob(2, 2), blob(6, 6)))
    assert overlaps.overlaps.tolist() == [[1.0], [1.0]]


def test_the_protocol_cuts_maps_that_speak_against_the_class_too():
    boxes = {"a.jpg": (around(blob(2, 2), "cat", 0.5),)}
    overlaps = BoxOverlapMeasure(boxes, CLASSES, (0.5,))
    overlaps.update(answer("a.jpg", blob(2, 2) - 9, blob(6, 6)))
    assert overlaps.overlaps.tolist() == [[1.0]]


def test_a_class_without_boxes_has_no_figure():
    measure = BoxMeasure({}, CLASSES, BoxThresholds((0.5, 0.5, 0.5), 0.5))
    figures = measure.figures()
    assert figures.overall["maxboxacc"] != figures.overall["maxboxacc"]
    assert figures.per_class["dog"]["maxboxacc"] != figures.per_class["dog"]["maxboxacc"]


def test_nothing_is_chosen_without_boxes():
    with pytest.raises(UsageError, match="boxes of the run's classes"):
        choose_thresholds(BoxOverlapMeasure({}, CLASSES, THRESHOLDS))


def test_thresholds_are_read_back():
    chosen = BoxThresholds((0.3, 0.4, 0.5), 0.4)
    assert BoxThresholds.from_json(chosen.to_json()) == chosen
