"""A few numbers give the scores, slopes and slopes of slopes that many do."""

import pytest
import torch

from weldon.pooling import highest_lowest
from weldon.pooling.highest_lowest import Ends, add_evidence, select_by_sort
from weldon.pooling.highest_lowest_few import add_few

ENDS = [Ends(1, 1), Ends(3, 0), Ends(0.2, 0.3, 0.7), Ends("all", 2), Ends(60, 0.999, 0.0)]


def score_and_slope(way, scores, ends):
    regions = scores.clone().requires_grad_()
    pooled = way(regions, ends)
    (slope,) = torch.autograd.grad(pooled.square().sum(), regions)
    return pooled.detach(), slope


@pytest.mark.parametrize("ends", ENDS, ids=str)
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_few_numbers_are_pooled_as_many(ends, tied, dtype, generator, monkeypatch):
    monkeypatch.setattr(highest_lowest, "SMALL", 0)
    rows = torch.stack([torch.randperm(50, generator=generator) - 25 for _ in range(6)]).reshape(3, 2, 50)
    scores = (rows // 10 if tied else rows).to(dtype)
    few = score_and_slope(add_few, scores, ends)
    many = score_and_slope(lambda regions, ends: select_by_sort(regions, None, ends), scores, ends)
    for one, other in zip(few, many, strict=True):
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("regions", [49, 20_000])
def test_only_few_plain_numbers_go_this_way(dtype, masked, regions, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "weldon.pooling.highest_lowest.add_few", lambda scores, ends: seen.append(ends) or scores[..., 0]
    )
    mask = torch.ones(1, regions, dtype=torch.bool) if masked else None
    add_evidence(torch.zeros(1, 1, regions, dtype=dtype), mask, "all", "all")
    assert bool(seen) == (dtype == torch.float32 and not masked and regions == 49)


def test_the_gradient_has_a_gradient():
    regions = torch.randn(2, 3, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: add_few(x, Ends(2, 3)), regions)


def test_what_is_no_number_is_the_highest_of_few():
    scores = torch.tensor([[[1.0, torch.nan, 3.0, -4.0]]], requires_grad=True)
    assert add_few(scores, Ends(1, 1)).isnan().all()
    assert add_few(scores, Ends(1, 2)).isnan().all()
