"""An explanation says, adds and draws what the evidence holds."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch
from PIL import Image

from weldon.data.geometry import Geometry
from weldon.errors import UsageError
from weldon.inference import Decision, Result, explain
from weldon.pooling import build_pooling


def result_of(maps: torch.Tensor, *, pool: str = "weldon", thresholds=None, **options) -> Result:
    """A result with hand-made ``(2, h, w)`` maps on a grey picture of 40 x 40."""
    pooling = build_pooling(pool, **options)
    positive, negative = (side.view(maps.shape) for side in pooling.region_weights(maps[None]))
    decision = Decision(("cat", "dog"), "multilabel", thresholds or {}, map_scale=4.0)
    picture = Image.new("RGB", (40, 40), (120, 120, 120))
    scores = pooling(maps[None])[0]
    return Result("x.png", picture, Geometry(40, 40, 64), decision, scores, maps, positive, negative)


@pytest.fixture
def result() -> Result:
    cat = torch.zeros(4, 4)
    cat[0, 0], cat[3, 3] = 6.0, -2.0
    return result_of(torch.stack((cat, -cat)), k_max=1, k_min=1)  # cat (6 - 2) / 2 = 2, dog (2 - 6) / 2 = -2


def test_the_sentence_names_verdict_both_sides_and_places(result: Result):
    sentence = explain(result, "cat").sentence()
    assert sentence == (
        "cat is predicted (score +2.00, probability 0.88): its highest region speaks for it with +3.00 "
        "(the highest +6.00 at the upper left), and its lowest region speaks against it with -1.00 "
        "(the lowest -2.00 at the lower right)."
    )


def test_a_class_below_its_threshold_is_not_predicted(result: Result):
    assert explain(result, "dog").sentence().startswith("dog is not predicted (score -2.00")


def test_regions_that_speak_the_other_way_are_not_sold_as_evidence():
    high = explain(result_of(torch.full((2, 4, 4), 3.0), k_max=2, k_min=2), "cat").sentence()
    assert "nothing speaks against it, even its 2 lowest regions give +1.50" in high
    low = explain(result_of(torch.full((2, 4, 4), -3.0), k_max=2, k_min=2), "cat").sentence()
    assert "nothing speaks for it, even its 2 highest of 16 regions give -1.50" in low


def test_the_regions_are_counted_among_the_cells_that_show_the_picture():
    """A picture twice as wide as high fills half of its canvas; a share of regions counts that half."""
    whole = result_of(torch.full((2, 4, 4), 3.0), k_max=2, k_min=2)
    wide = replace(whole, geometry=Geometry(40, 20, 64))
    assert (whole.regions, wide.regions) == (16, 8)
    assert "its 2 highest of 8 regions speak for it" in explain(wide, "cat").sentence()


def test_one_region_that_speaks_the_other_way_is_told_in_the_singular():
    one = explain(result_of(torch.full((2, 4, 4), -3.0), k_max=1, k_min=1), "cat").sentence()
    assert "nothing speaks for it, even its highest region gives -1.50" in one


def test_nothing_speaks_against_a_class_only_where_no_region_does():
    mixed = torch.full((2, 4, 4), 3.0)
    mixed[0, 0, 0] = -0.5
    high = explain(result_of(mixed, k_max=2, k_min=3), "cat").sentence()
    assert "nothing speaks" not in high
    assert "its 3 lowest regions give +0.92 together, though 1 speaks against it (the lowest -0.50" in high
    low = explain(result_of(-mixed, k_max=3, k_min=2), "cat").sentence()
    assert "its 3 highest of 16 regions give -0.92 together, though 1 speaks for it (the highest +0.50" in low


def test_without_negative_evidence_the_sentence_says_so(result: Result):
    sentence = explain(result_of(result.class_maps, pool="max"), "cat").sentence()
    assert "looks at no regions against it" in sentence


@pytest.mark.parametrize("versus", [None, "dog"])
def test_there_is_one_sentence(result: Result, versus):
    sentence = explain(result, "cat", versus=versus).sentence()
    assert sentence.endswith(".")
    assert len(re.findall(r"\.(\s|$)", sentence)) == 1
    assert "\n" not in sentence


def test_the_contest_splits_the_lead_over_both_sides(result: Result):
    # cat 2 = 3 - 1, dog -2 = 1 - 3: the lead of 4 is 2 from the regions for and 2 from those against
    sentence = explain(result, "dog", versus="cat").sentence()
    assert "cat (+2.00) scores 4.00 higher than dog (-2.00): +2.00 of it from the highest" in sentence
    assert "+2.00 from the lowest" in sentence


def test_the_addition_shows_class_and_rival(result: Result):
    table = explain(result, "cat", versus="dog").table()
    assert table.startswith("cat\n")
    assert "\n\ndog\n" in table
    assert re.search(r"^score +\+2\.0000$", table, re.MULTILINE)
    assert re.search(r"highest +x +0-10 +y +0-10 +\+6\.0000 / 2 +\+3\.0000", table)


def test_a_smoothing_pool_says_what_smoothing_adds(result: Result):
    sentence = explain(result_of(result.class_maps, pool="lse"), "cat").sentence()
    assert "and smoothing adds" in sentence


def test_the_picture_shows_both_classes_side_by_side(result: Result):
    alone, both = explain(result, "cat").picture(), explain(result, "cat", versus="dog").picture()
    assert both.width > 2 * alone.width
    assert both.height == alone.height


def test_the_picture_has_green_where_for_and_orange_where_against(result: Result):
    overlay = result.overlay("cat")
    upper_left, lower_right = overlay.getpixel((4, 4)), overlay.getpixel((35, 35))
    assert upper_left[1] > upper_left[0] + 40
    assert lower_right[0] > lower_right[1] + 40


def test_a_map_of_zeros_leaves_the_picture_grey():
    overlay = result_of(torch.zeros(2, 4, 4), k_max=1, k_min=1).overlay("cat")
    assert overlay.getextrema() == ((120, 120),) * 3


def test_one_map_value_has_one_colour_in_every_picture():
    weak, strong = (torch.full((2, 4, 4), 1.0) for _ in range(2))
    strong[:, 2, 2] = 50.0  # a peak elsewhere does not change the colour here
    colours = [result_of(maps, k_max=1, k_min=1).overlay("cat").getpixel((2, 2)) for maps in (weak, strong)]
    assert colours[0] == colours[1]


def test_drawing_leaves_the_users_picture_alone(result: Result):
    before = result.source.tobytes()
    explain(result, "cat", versus="dog").picture()
    result.plot()
    assert result.source.tobytes() == before


def test_the_dictionary_is_plain_and_adds_up(result: Result):
    plain = explain(result, "cat", versus="dog").to_dict()
    assert set(plain["classes"]) == {"cat", "dog"}
    for side in plain["classes"].values():
        assert side["top_sum"] + side["low_sum"] + side["remainder"] == pytest.approx(side["score"], abs=1e-6)


def test_unknown_classes_and_a_class_against_itself_are_refused(result: Result):
    with pytest.raises(UsageError, match="cat, dog, got 'cow'"):
        explain(result, "cow")
    with pytest.raises(UsageError, match="another class"):
        explain(result, "cat", versus="cat")
