"""Three ways to select the highest and lowest regions give the same scores, gradients and weights."""

from __future__ import annotations

import pytest
import torch

from weldon.pooling import WeldonPool, highest_lowest
from weldon.pooling.highest_lowest import Ends, add_evidence, choose_way, evidence_weights

ENDS = [Ends(1, 1), Ends(3, 0), Ends(0.2, 0.3, 0.7), Ends("all", 2), Ends(60, 0.999, 0.0)]


def answers(way, scores, mask, ends, monkeypatch):
    """Score, gradient, weights for and against."""
    monkeypatch.setattr(highest_lowest, "choose_way", lambda regions, ends: way)
    regions = scores.clone().requires_grad_()
    pooled = add_evidence(regions, mask, *ends)
    (slope,) = torch.autograd.grad(pooled.square().sum(), regions)
    return pooled.detach(), slope, *evidence_weights(scores, mask, *ends)


@pytest.mark.parametrize("ends", ENDS, ids=str)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_sort_and_topk_agree(ends, masked, dtype, generator, monkeypatch):
    rows = [torch.randperm(50, generator=generator) - 25 for _ in range(6)]  # exact in every precision
    distinct = torch.stack(rows).reshape(3, 2, 50)
    mask = torch.rand(3, 50, generator=generator) > 0.5 if masked else None
    given = (distinct.to(dtype), mask, ends, monkeypatch)
    for by_sort, by_topk in zip(answers("sorted", *given), answers("topk", *given), strict=True):
        torch.testing.assert_close(by_sort, by_topk)


@pytest.mark.parametrize("masked", [False, True])
def test_of_equal_scores_at_an_edge_the_first_are_taken(masked):
    scores = torch.tensor([[[1.0, 7.0, 7.0, 1.0, 7.0, 1.0]]])
    mask = torch.tensor([[True, False, True, True, True, True]]) if masked else None
    positive, negative = evidence_weights(scores, mask, 1, 2)
    assert positive.flatten().tolist() == [0, 0, 0.5, 0, 0, 0] if masked else [0, 0.5, 0, 0, 0, 0]
    assert negative.flatten().tolist() == [0.25, 0, 0, 0.25, 0, 0]


@pytest.mark.parametrize("masked", [False, True])
def test_only_ties_at_an_edge_are_searched_for(masked, generator):
    """They cost two more passes; of all regions, or where all scores differ, there are none."""
    scores = torch.stack([torch.randperm(20, generator=generator).float() for _ in range(2)]).unsqueeze(1)
    mask = torch.rand(2, 20, generator=generator) > 0.5 if masked else None
    for tied, k_max, k_min in ((scores, 3, 2), (scores * 0, "all", "all"), (scores // 10, 2, 2)):
        edges = highest_lowest._sort_ends(tied, mask, Ends(k_max, k_min))[1]
        assert any(edge.more for edge in edges) == (tied is not scores and k_max != "all")


def test_a_map_in_another_layout_is_read_in_its_order():
    """Of a network in channels_last, whose regions of one class do not lie side by side."""
    maps = torch.randn(2, 5, 6, 7)
    pool, other = WeldonPool(k_max=3, k_min=2), maps.to(memory_format=torch.channels_last)
    before = other.clone()
    assert torch.equal(pool(other), pool(maps))
    assert torch.equal(other, before)


def test_the_gradient_has_a_gradient():
    """Second order, for those who penalise slopes: of a sum of selected scores it is that of what follows."""
    regions = torch.randn(2, 3, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: add_evidence(x, None, 2, 3), regions)


def test_way_is_chosen_by_size():
    few, many, few_of_many = torch.zeros(1, 1, 49), torch.zeros(1, 1, 4096), torch.zeros(1, 1, 4096)
    assert choose_way(few, Ends(1, 1)) == "sorted"
    assert choose_way(many, Ends(0.2, 0.2)) == "sorted"
    assert choose_way(few_of_many, Ends(5, 64)) == "topk"
    assert choose_way(few_of_many, Ends(5, 65)) == "sorted"
    assert choose_way(few.to("meta"), Ends(1, 1)) == "topk"
