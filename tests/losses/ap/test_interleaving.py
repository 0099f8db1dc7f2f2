import pytest
import torch

from weldon.losses.ap.interleaving import class_terms, pair_gain


def rewards(count, j):
    k = torch.arange(1, count + 1, dtype=torch.float64)
    return k, k / ((k + j) * (k + j - 1))


@pytest.mark.parametrize("count", [1, 2, 3, 10, 500, 20_000])
@pytest.mark.parametrize("j", [1, 2, 7, 100, 20_000, 10**7])
def test_all_rewards_of_a_negative_stay_within_the_bound(count, j):
    terms = class_terms(torch.tensor(count), torch.tensor(1.0))
    bound = torch.minimum(terms.square_bound / (j * j + j), terms.log_bound)
    assert rewards(count, j)[1].sum() <= bound * (1 + 1e-12)


@pytest.mark.parametrize("count", [1, 2, 500, 20_000])
@pytest.mark.parametrize("j", [1, 100, 10**7])
@pytest.mark.parametrize("difference", [0.0, 1e-9, 0.3, -0.3, 1e30, -1e30])
def test_gains_of_a_negative_add_up_within_62_bits(count, j, difference):
    terms = class_terms(torch.tensor(count), torch.tensor(2.0, dtype=torch.float64))
    k, _ = rewards(count, j)
    gain = pair_gain(k, torch.tensor(float(j)), torch.full_like(k, difference), terms)
    assert gain.double().abs().sum() <= 2.0**62 * (1 + 1e-9)


@pytest.mark.parametrize("count", [1, 30, 20_000])
@pytest.mark.parametrize("j", [1, 100, 10**7])
def test_units_resolve_the_rewards(count, j):
    k, reward = rewards(count, j)
    terms = class_terms(torch.tensor(count), torch.tensor(2.0, dtype=torch.float64))
    gain = pair_gain(k, torch.tensor(float(j)), torch.zeros_like(k), terms).double()
    torch.testing.assert_close(gain / gain.sum(), reward / reward.sum(), rtol=1e-8, atol=1e-13)
