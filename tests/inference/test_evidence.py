"""The regions shown are the computation: their parts add up to the score, whatever the pooling."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fixtures.bag_results import bag_result
from weldon.data.geometry import Geometry
from weldon.errors import UsageError
from weldon.inference import Decision, Evidence, Result
from weldon.inference.evidence import NamedInstance
from weldon.pooling import build_pooling

AVERAGING = ["max", "avg", "gwrp", "mantra", "weldon"]
BENDING = ["lse", "hcrf"]


def evidence_of(
    name: str, scores: torch.Tensor, mask: torch.Tensor, geometry: Geometry, **options
) -> Evidence:
    """Pool one map and collect its evidence."""
    pool = build_pooling(name, **options)
    grid = (scores.shape[0], scores.shape[1])
    positive, negative = (side.view(grid) for side in pool.region_weights(scores[None, None], mask[None]))
    score = float(pool(scores[None, None], mask[None]))
    decision = Decision(("cat",), "multilabel", {})
    parts = (part[None] for part in (torch.tensor(score), scores, positive, negative))
    return Result("a.png", Path("a.png"), geometry, decision, *parts).evidence("cat")


@pytest.fixture
def scores(generator: torch.Generator) -> torch.Tensor:
    return 3 * torch.randn(7, 7, generator=generator)


@pytest.fixture
def geometry() -> Geometry:
    return Geometry(140, 80, 70)  # 4 rows of 7 hold picture


@pytest.fixture
def mask() -> torch.Tensor:
    return (torch.arange(7) < 4)[:, None].expand(7, 7).contiguous()


@pytest.mark.parametrize("name", AVERAGING)
def test_parts_add_up_to_the_score_without_remainder(name, scores, mask, geometry):
    evidence = evidence_of(name, scores, mask, geometry)
    assert abs(evidence.remainder) < 1e-5
    assert evidence.top_sum + evidence.low_sum == pytest.approx(evidence.score, abs=1e-5)


@pytest.mark.parametrize("name", [*AVERAGING, *BENDING])
def test_parts_and_remainder_add_up_to_the_score(name, scores, mask, geometry):
    evidence = evidence_of(name, scores, mask, geometry)
    total = sum(region.contribution for region in evidence.top + evidence.low) + evidence.remainder
    assert total == pytest.approx(evidence.score, abs=1e-9)


@pytest.mark.parametrize("name", BENDING)
def test_smoothing_is_shown_not_hidden(name, scores, mask, geometry):
    assert abs(evidence_of(name, scores, mask, geometry).remainder) > 1e-2


def test_weldon_shows_the_highest_and_the_lowest_regions(scores, mask, geometry):
    evidence = evidence_of("weldon", scores, mask, geometry, k_max=3, k_min=2)
    ranked = sorted(scores[:4].flatten().tolist())
    assert [region.score for region in evidence.top] == pytest.approx(ranked[:-4:-1])
    assert [region.score for region in evidence.low] == pytest.approx(ranked[:2])
    assert [region.weight for region in evidence.top] == pytest.approx([1 / 6] * 3)
    assert [region.weight for region in evidence.low] == pytest.approx([1 / 4] * 2)


def test_no_region_lies_on_padding(scores, mask, geometry):
    evidence = evidence_of("avg", scores, mask, geometry)
    assert len(evidence.top) == 28
    assert max(region.box[3] for region in evidence.top) == 80.0


def test_without_negative_evidence_nothing_is_against(scores, mask, geometry):
    assert evidence_of("weldon", scores, mask, geometry, k_max=3, k_min=0).low == ()


def test_region_box_is_the_cell_in_original_pixels():
    # 140 x 80 at half size on a canvas of 70: 7 cells of 10 canvas pixels = 20 original ones
    scores = torch.zeros(7, 7)
    scores[2, 5] = 4.0
    mask = (torch.arange(7) < 4)[:, None].expand(7, 7)
    region = evidence_of("max", scores, mask, Geometry(140, 80, 70)).top[0]
    assert (region.box, region.row, region.col) == ((100.0, 40.0, 120.0, 60.0), 2, 5)


def test_dictionary_holds_what_the_object_holds(scores, mask, geometry):
    evidence = evidence_of("weldon", scores, mask, geometry, k_max=2, k_min=1)
    plain = evidence.to_dict()
    assert plain["top_sum"] + plain["low_sum"] + plain["remainder"] == pytest.approx(plain["score"])
    assert plain["top"][0]["contribution"] == evidence.top[0].contribution
    assert plain["top"][0]["box"] == list(evidence.top[0].box)
    assert list(plain["top"][0]) == ["box", "row", "col", "score", "weight", "contribution"]


def test_scores_and_probabilities_are_by_class():
    result = bag_result()
    assert result.scores == {"cat": 1.0, "dög": -1.0}
    assert result.probabilities == pytest.approx({"cat": 0.731059, "dög": 0.268941}, abs=1e-6)
    assert result.labels == result.shown == ["cat"]


def test_the_best_class_is_shown_where_none_is_predicted():
    result = bag_result(cat=9.0, dög=9.0)
    assert (result.labels, result.shown) == ([], ["cat"])


def test_evidence_is_sorted_from_the_strongest_and_adds_up():
    cat, dog = (bag_result().evidence(name) for name in ("cat", "dög"))
    assert cat.top == (NamedInstance("0,0", 3.0, 0.5),)
    assert cat.low == (NamedInstance("1,0", -1.0, 0.5),)
    assert (cat.score, cat.top_sum, cat.low_sum, cat.remainder) == (1.0, 1.5, -0.5, 0.0)
    assert [one.instance for one in dog.top] == ["1,0", "0,0", "0,1"]
    assert dog.low == ()


def test_a_class_that_is_none_is_refused_with_the_choices():
    with pytest.raises(UsageError, match="class must be one of cat, dög, got 'cow'"):
        bag_result().evidence("cow")


def test_a_class_that_is_none_is_refused_with_the_one_that_may_be_meant():
    result = bag_result()
    for ask in (result.evidence, result.scores.__getitem__, result.probabilities.__getitem__):
        with pytest.raises(UsageError, match="got 'cta': did you mean 'cat'"):
            ask("cta")
