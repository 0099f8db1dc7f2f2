from __future__ import annotations

import numpy as np
import pytest
import torch

from reference.structured import bag_scores
from weldon.pooling import build_pooling
from weldon.structured import bucket_bags, pool_bags, region_scores

RANDOM = np.random.default_rng(1)
SIZES = {
    "equal": [4, 4, 4],
    "ragged": [1, 7, 3, 200, 2, 8, 9, 33],
    "ones": [1, 1],
    "same bucket": [3, 4],
}
RULES = {"max": ("max", {}), "avg": ("avg", {}), "pair": ("weldon", {"k_max": 2, "k_min": 2})}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("rule", RULES)
def test_equals_a_loop_over_bags(sizes, rule):
    bags = [RANDOM.normal(size=(size, 5)) for size in sizes]
    weight = RANDOM.normal(size=(3, 5))
    name, options = RULES[rule]
    flat = region_scores(torch.from_numpy(np.concatenate(bags)), torch.from_numpy(weight))
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    found = pool_bags(flat, bucket_bags(offsets), build_pooling(name, **options))
    np.testing.assert_allclose(found.numpy(), bag_scores(bags, weight, rule, k=2))


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_padding_at_most_doubles_the_work(sizes):
    buckets = bucket_bags(np.concatenate([[0], np.cumsum(sizes)]))
    assert sum(bucket.rows.numel() for bucket in buckets) <= 2 * sum(sizes)
    assert sorted(torch.cat([bucket.bags for bucket in buckets]).tolist()) == list(range(len(sizes)))


def test_equal_bags_are_neither_padded_nor_copied():
    (bucket,) = bucket_bags(np.arange(0, 13, 4))
    assert bucket.mask is None
    assert bucket.contiguous


def test_gradient_reaches_each_instance_of_its_own_bag():
    flat = torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    buckets = bucket_bags(np.array([0, 1, 4, 6]))
    weights = torch.tensor([[1.0], [10.0], [100.0]], dtype=torch.float64)
    (pool_bags(flat, buckets, build_pooling("avg")) * weights).sum().backward()
    expected = torch.tensor([1.0, 10 / 3, 10 / 3, 10 / 3, 50, 50], dtype=torch.float64)
    torch.testing.assert_close(flat.grad, expected[:, None].expand(6, 2))
