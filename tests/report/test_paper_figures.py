"""The figures of the paper as images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.errors import UsageError
from weldon.report import cooccurrence_figure, evidence_figure, pooling_figure, segmentation_figure
from weldon.report.paper_figures import paint_mask, split_pooling_rows


def test_evidence_has_the_photograph_and_a_panel_a_class(result):
    one = evidence_figure(result, result.classes[:1], side=200)
    three = evidence_figure(result, result.classes[:3], side=200)
    assert one.size == (2 * 200 + 12, three.height)
    assert three.width == 4 * 200 + 3 * 12


def test_evidence_frames_more_regions_when_asked(result):
    maps = torch.zeros_like(result.class_maps)  # (C, 2, 2)
    maps[0] = torch.tensor([[4.0, 3.0], [2.0, -1.0]])
    seen = replace(result, class_maps=maps, positive=(maps > 0).float(), negative=(maps < 0).float())
    one, two, three, four = (
        np.asarray(evidence_figure(seen, [seen.classes[0]], regions=n, side=400)) for n in (1, 2, 3, 4)
    )
    assert 0 < (one != two).any(2).sum() < (one != three).any(2).sum()
    assert (three == four).all()  # there are no more regions for the class


@pytest.mark.parametrize(
    "wrong", [{"class_names": []}, {"class_names": ["1"], "regions": 0}, {"class_names": ["x"]}]
)
def test_evidence_refuses_what_cannot_be_drawn(result, wrong):
    with pytest.raises(UsageError):
        evidence_figure(result, **wrong)


def test_segmentation_puts_three_pictures_in_a_row():
    photo, mask = Image.new("RGB", (40, 30), "red"), np.zeros((30, 40), dtype=np.uint8)
    figure = segmentation_figure([(photo, mask, mask), (photo, mask, mask)], side=80)
    assert figure.size == (3 * 80 + 2 * 12, 2 * 60 + 12)
    with pytest.raises(UsageError, match="rows must be"):
        segmentation_figure([])


def test_background_stays_bare_and_a_class_gets_its_colour():
    photo = Image.new("RGB", (2, 1), (100, 100, 100))
    painted = paint_mask(photo, np.array([[0, 1]], dtype=np.uint8))
    assert painted.getpixel((0, 0)) == (100, 100, 100)
    red, green, blue = painted.getpixel((1, 0))
    assert blue > green > red  # as class_colour(1)
    with pytest.raises(UsageError, match="mask must be"):
        paint_mask(photo, np.zeros((2, 2), dtype=np.uint8))


def test_every_class_stands_out_from_a_grey_photograph():
    mask = np.arange(1, 255, dtype=np.uint8)[None]
    painted = np.asarray(paint_mask(Image.new("RGB", (254, 1), (128, 128, 128)), mask), dtype=int)[0]
    assert (painted.max(1) - painted.min(1)).min() > 60


def test_cooccurrence_must_fit_its_classes():
    assert cooccurrence_figure(torch.eye(3), ["a", "b", "c"]).width > 100
    with pytest.raises(UsageError, match="shares must be"):
        cooccurrence_figure(torch.eye(3), ["a"])


def test_pooling_rows_become_curve_and_levels():
    rows = {
        "WELDON all": {"test": [{"map": 0.5}, {"map": 0.7}]},
        "max": {"test": [{"map": 0.4}]},
        "WELDON 5%": {"test": [{"map": 0.6}]},
    }
    points, levels = split_pooling_rows(rows, "map")
    assert [share for share, _ in points] == [0.05, 1.0]
    assert [name for name, _ in levels] == ["max"]
    assert pooling_figure(rows).width > 300
    with pytest.raises(UsageError, match="results must have rows"):
        pooling_figure({"max": rows["max"]})
