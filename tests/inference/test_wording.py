"""Places, and the sentence of a contest; what a single class is told is in test_explain."""

from __future__ import annotations

import re

import pytest
import torch
from PIL import Image

from weldon.data.geometry import Geometry
from weldon.inference import Decision, Result
from weldon.inference.evidence import Evidence, Region
from weldon.inference.wording import (
    addition_table,
    describe_class,
    describe_contest,
    place_name,
    round_together,
)
from weldon.pooling import build_pooling


def regions(scores: list[float], weight: float) -> tuple[Region, ...]:
    return tuple(Region((0.0, 0.0, 10.0, 10.0), 0, i, score, weight) for i, score in enumerate(scores))


def printed(table: str) -> tuple[list[float], float]:
    """Return the parts and the total as a reader sees them."""
    values = [
        float(re.search(r"([+-]\d+\.\d{4})$", line)[1])
        for line in table.splitlines()[1:]
        if "---" not in line
    ]
    return values[:-1], values[-1]


@pytest.fixture
def evidence(generator: torch.Generator) -> Evidence:
    top = regions(torch.randn(39, generator=generator).add(2).tolist(), 1 / 78)
    low = regions(torch.randn(39, generator=generator).sub(2).tolist(), 1 / 78)
    score = sum(region.contribution for region in top + low)
    return Evidence("cat", score, top, low, 0.0)


@pytest.mark.parametrize("rows", [None, 0, 1, 5, 100])
def test_printed_parts_add_up_to_the_printed_score(evidence: Evidence, rows: int | None):
    parts, total = printed(addition_table(evidence, rows=rows))
    assert sum(parts) == pytest.approx(total, abs=1e-9)
    assert total == pytest.approx(evidence.score, abs=1e-4)


def test_hidden_regions_are_summed_in_one_line(evidence: Evidence):
    table = addition_table(evidence, rows=5)
    assert table.count("34 more regions") == 2
    assert len(table.splitlines()) == 1 + 6 + 6 + 2


def test_the_lowest_regions_are_called_so_whether_they_speak_against_the_class_or_not():
    score = {"top": regions([4.0, 3.0], 0.25), "low": regions([1.0, -2.0], 0.25)}
    lines = addition_table(Evidence("cat", 1.5, **score, remainder=0.0)).splitlines()[1:5]
    assert [line.split()[0] for line in lines] == ["highest", "highest", "lowest", "lowest"]
    assert [line.split()[-1] for line in lines] == ["+1.0000", "+0.7500", "+0.2500", "-0.5000"]


def test_a_smoothing_term_has_its_own_line(evidence: Evidence):
    bent = Evidence("cat", evidence.score - 0.7, evidence.top, evidence.low, -0.7)
    table = addition_table(bent)
    assert "smoothing term" in table
    parts, total = printed(table)
    assert sum(parts) == pytest.approx(total, abs=1e-9)


def test_rounding_noise_has_no_line(evidence: Evidence):
    noisy = Evidence("cat", evidence.score + 3e-6, evidence.top, evidence.low, 3e-6)
    table = addition_table(noisy)
    assert "smoothing" not in table
    parts, total = printed(table)
    assert sum(parts) == pytest.approx(total, abs=1e-9)


def test_parts_rounded_together_stay_within_one_unit(generator: torch.Generator):
    values = torch.randn(500, generator=generator, dtype=torch.float64).tolist()
    rounded = round_together(values, decimals=3)
    assert sum(rounded) == pytest.approx(round(sum(values), 3), abs=1e-9)
    assert max(abs(a - b) for a, b in zip(values, rounded, strict=True)) < 1e-3


def region(x: float, y: float, score: float = 0.0, weight: float = 0.0) -> Region:
    """A region of 2 x 2 pixels about a centre."""
    return Region((x - 1, y - 1, x + 1, y + 1), 0, 0, score, weight)


@pytest.fixture
def result() -> Result:
    """Of a picture 90 wide and 30 high, in which the cat is predicted."""
    maps = torch.zeros(2, 3, 9)
    positive, negative = (side.view(maps.shape) for side in build_pooling("max").region_weights(maps[None]))
    decision = Decision(("cat", "dog"), "multilabel", {"cat": 0.0, "dog": 9.0})
    picture = Image.new("RGB", (90, 30))
    scores = torch.tensor([2.0, 1.0])
    return Result("x.png", picture, Geometry(90, 30, 90), decision, scores, maps, positive, negative)


CAT = Evidence("cat", 2.0, (region(10, 5, 3.0, 1.0),), (), -1.0)
DOG = Evidence("dog", 1.0, (region(85, 25, 2.0, 0.5),), (region(45, 15, -0.5, 1.0),), 0.5)


@pytest.mark.parametrize(
    ("centre", "name"),
    [
        ((5, 5), "upper left"),
        ((50, 5), "upper centre"),
        ((95, 50), "middle right"),
        ((50, 95), "lower centre"),
    ],
)
def test_places_are_named_by_ninths(centre, name):
    assert place_name(region(*centre), 100, 100) == name


def test_a_ninth_is_a_third_of_each_side():
    assert place_name(region(31, 9), 90, 30) == "upper centre"
    assert place_name(region(29, 11), 90, 30) == "middle left"


def test_a_region_that_reaches_over_the_edge_is_still_named():
    assert place_name(Region((80.0, 20.0, 120.0, 45.0), 0, 0, 1.0, 1.0), 90, 30) == "lower right"


def test_the_parts_of_a_lead_add_up_to_it(result):
    # cat 2 = 3 + 0 - 1, dog 1 = 1 - 0.5 + 0.5: the lead of 1 is 2 for, 0.5 against, -1.5 of smoothing
    sentence = describe_contest(result, CAT, DOG)
    assert sentence == (
        "cat (+2.00) scores 1.00 higher than dog (+1.00): +2.00 of it from the highest regions of each class "
        "(cat's highest +3.00 at the upper left, dog's highest +2.00 at the lower right) and "
        "+0.50 from the lowest (dog's lowest -0.50 at the centre) and -1.50 from smoothing."
    )


def test_the_higher_class_comes_first_whichever_was_asked_for(result):
    assert describe_contest(result, DOG, CAT) == describe_contest(result, CAT, DOG)


def test_what_two_decimals_cannot_show_is_not_mentioned(result):
    exact = Evidence("cat", 3.0, CAT.top, (), 0.004)
    assert "smoothing" not in describe_class(result, exact)
    assert "smoothing adds -1.00" in describe_class(result, CAT)
