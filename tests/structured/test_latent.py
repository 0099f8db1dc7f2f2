from __future__ import annotations

import numpy as np
import pytest
import torch

from weldon.errors import UsageError
from weldon.pooling import GeneralisedPool, LSEPool, MaxPool, RegionPool
from weldon.structured import LATENT_RULES, bucket_bags, build_latent_rule, pool_bags
from weldon.structured.latent import Tangent, evidence_parts, region_weights

RULES = {
    "lssvm": {},
    "gap": {},
    "hcrf": {},
    "mssvm": {},
    "epsilon": {"beta": 4.0},
    "mantra": {},
    "weldon": {"k_max": 3, "k_min": 0.3},
    "gwrp": {"decay": 0.5},
    "generalised": {"beta_max": 3.0, "beta_min": -2.0},
    "wildcat": {"maps_per_class": 2, "k_max": 2, "k_min": 2},
}
SIZES = [5, 2, 9, 9]
BUCKETS = bucket_bags(np.concatenate([[0], np.cumsum(SIZES)]))


def _rule(name: str) -> RegionPool:
    return build_latent_rule(name, **RULES[name])


def _flat(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(sum(SIZES), 4, generator=generator, dtype=torch.float64)


def _parts(pool: RegionPool, flat: torch.Tensor) -> torch.Tensor:
    """Both parts, ``(2, N, C)``."""
    return torch.stack(
        [pool_bags(flat, BUCKETS, lambda s, m, n=n: evidence_parts(pool, s, m)[n]) for n in range(2)]
    )


def test_models_of_table_1_have_their_names():
    assert isinstance(build_latent_rule("lssvm"), MaxPool)
    assert isinstance(build_latent_rule("epsilon", beta=2.0), LSEPool)
    assert isinstance(build_latent_rule("mssvm"), GeneralisedPool)
    assert all(isinstance(build_latent_rule(name), RegionPool) for name in LATENT_RULES)


@pytest.mark.parametrize("name", RULES)
def test_parts_add_up_to_the_score(name):
    pool, flat = _rule(name), _flat(0)
    torch.testing.assert_close(_parts(pool, flat).sum(0), pool_bags(flat, BUCKETS, pool))


@pytest.mark.parametrize("name", RULES)
def test_evidence_for_is_convex_and_evidence_against_concave(name):
    pool, ends = _rule(name), (_flat(1), _flat(2))
    middle = _parts(pool, (ends[0] + ends[1]) / 2)
    mean = (_parts(pool, ends[0]) + _parts(pool, ends[1])) / 2
    assert (middle[0] <= mean[0] + 1e-12).all()
    assert (middle[1] >= mean[1] - 1e-12).all()


@pytest.mark.parametrize("name", RULES)
def test_gradient_of_the_parts_is_the_weight_of_the_regions(name):
    pool = _rule(name)
    scores = torch.randn(2, 4, 6, dtype=torch.float64, requires_grad=True)
    parts = evidence_parts(pool, scores, None)
    weights = region_weights(pool, scores.detach(), None)
    maps = pool.maps_per_class
    for part, weight in zip(parts, weights, strict=True):
        gradient = torch.zeros_like(scores)
        if part.requires_grad:
            (gradient,) = torch.autograd.grad(part.sum(), scores, retain_graph=True)
        expected = (weight / maps).repeat_interleave(maps, dim=1)
        torch.testing.assert_close(gradient, expected.double(), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", RULES)
def test_the_bound_touches_and_is_on_its_side(name):
    pool, here, there = _rule(name), _flat(3), _flat(4)
    tangents = [Tangent(pool, here, bucket) for bucket in BUCKETS]
    truth = {flat: pool_bags(flat, BUCKETS, pool) for flat in (here, there)}
    for high in (True, False):
        wanted = torch.full((len(SIZES), truth[here].shape[1]), high)
        for bucket, tangent in zip(BUCKETS, tangents, strict=True):
            torch.testing.assert_close(tangent.majorise(here, wanted), truth[here][bucket.bags])
            over = tangent.majorise(there, wanted) - truth[there][bucket.bags]
            assert (over <= 1e-6).all() if high else (over >= -1e-6).all()


def test_a_pooling_without_weights_is_refused():
    class Mine(torch.nn.Module):
        def forward(self, scores, mask=None):
            return scores.amax(-1)

    with pytest.raises(UsageError, match="stochastic"):
        region_weights(Mine(), torch.zeros(1, 1, 1), None)
