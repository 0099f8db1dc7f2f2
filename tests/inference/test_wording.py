"""Places, and the sentence of a contest; what a single class is told is in test_explain."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from weldon.data.geometry import Geometry
from weldon.inference import Decision, Result
from weldon.inference.evidence import Evidence, Region
from weldon.inference.wording import describe_class, describe_contest, place_name
from weldon.pooling import build_pooling


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
        "cat (+2.00) scores 1.00 higher than dog (+1.00): +2.00 of it from the regions for each class "
        "(cat's highest +3.00 at the upper left, dog's highest +2.00 at the lower right) and "
        "+0.50 from those against (dog's lowest -0.50 at the centre) and -1.50 from smoothing."
    )


def test_the_higher_class_comes_first_whichever_was_asked_for(result):
    assert describe_contest(result, DOG, CAT) == describe_contest(result, CAT, DOG)


def test_what_two_decimals_cannot_show_is_not_mentioned(result):
    exact = Evidence("cat", 3.0, CAT.top, (), 0.004)
    assert "smoothing" not in describe_class(result, exact)
    assert "smoothing adds -1.00" in describe_class(result, CAT)
