import pytest
import torch

from weldon.losses import descending
from weldon.losses.descending import sort_descending

AWKWARD = [0.0, -0.0, 1.0, -1.0, 1e-45, -1e-45, 3e38, -3e38, float("inf"), float("-inf"), 1e-38, 0.5]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("radix", [0, 10**9])
def test_order_is_that_of_the_floats_and_stable(generator, monkeypatch, dtype, radix):
    monkeypatch.setattr(descending, "RADIX_LENGTH", radix)
    scores = torch.tensor(AWKWARD, dtype=dtype).repeat(50)[torch.randint(600, (4, 500), generator=generator)]
    values, order = sort_descending(scores)
    expected = (scores + 0.0).sort(dim=1, descending=True, stable=True)
    assert torch.equal(values, expected.values)
    assert torch.equal(order, expected.indices)


def test_long_rows_are_sorted_alike(generator):
    scores = torch.randn(2, descending.RADIX_LENGTH + 7, generator=generator)
    values, order = sort_descending(scores)
    assert torch.equal(values, scores.sort(dim=1, descending=True).values)
    assert torch.equal(scores.gather(1, order), values)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_comes_back_in_single(generator, dtype):
    scores = torch.randn(3, 40, generator=generator).to(dtype)
    values, order = sort_descending(scores)
    assert values.dtype == torch.float32
    assert torch.equal(values, scores.float().gather(1, order))
