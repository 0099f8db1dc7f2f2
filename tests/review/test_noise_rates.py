"""Rates of wrong labels come out near the truth, and doubts are probabilities."""

from __future__ import annotations

import pytest
import torch

from weldon.review.noise_rates import NoiseRates, noise_rates


def noisy(missed: float, added: float, *, images: int = 20_000):
    """Scores of good heads, and labels of which a known share is wrong."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(images, 2, generator=generator) < torch.tensor([0.3, 0.05])
    centre = torch.where(truth, 4.0, -4.0)
    log_odds = centre + torch.randn(images, 2, generator=generator) * 8.0**0.5  # log odds of that spread
    turned = torch.rand(images, 2, generator=generator) < torch.where(truth, missed, added)
    return log_odds + torch.tensor([0.3, 0.05]).logit(), truth ^ turned, turned


@pytest.mark.parametrize(("missed", "added"), [(0.1, 0.01), (0.02, 0.02), (0.2, 0.001)])
def test_rates_come_out_near_the_truth(missed, added):
    log_odds, given, _ = noisy(missed, added)
    rates = noise_rates(log_odds, given, torch.ones_like(given))
    assert rates.missed == pytest.approx(missed, rel=0.3)
    assert rates.added == pytest.approx(added, rel=0.3)


def test_doubts_are_probabilities():
    log_odds, given, wrong = noisy(0.1, 0.01)
    doubt = NoiseRates(0.1, 0.01).against(log_odds, given).sigmoid()
    for low, high in ((0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        chosen = (doubt >= low) & (doubt < high)
        assert float(wrong[chosen].float().mean()) == pytest.approx(float(doubt[chosen].mean()), abs=0.1)


def test_the_kind_of_label_that_is_wrong_more_often_is_doubted_more():
    given = torch.tensor([[True], [False]])
    against = NoiseRates(missed=0.2, added=0.001).against(torch.tensor([[-3.0], [3.0]]), given)
    assert against[1] > against[0]


def test_unknown_labels_are_not_counted():
    log_odds, given, _ = noisy(0.1, 0.01)
    known = torch.rand(given.shape, generator=torch.Generator().manual_seed(1)) < 0.5
    first = noise_rates(log_odds, given, known)
    assert noise_rates(log_odds, given ^ ~known, known) == first


def test_a_class_without_labels_gives_no_nan():
    rates = noise_rates(torch.randn(9, 2), torch.zeros(9, 2, dtype=torch.bool), torch.zeros(9, 2).bool())
    assert rates == NoiseRates(0.5, 0.5)


@pytest.mark.parametrize("sureness", [1, 10, 50])
@pytest.mark.parametrize(("missed", "added"), [(0.1, 0.01), (0.02, 0.02), (0.2, 0.001)])
def test_heads_that_are_too_sure_do_not_multiply_the_wrong_labels(missed, added, sureness):
    log_odds, given, wrong = noisy(missed, added, images=2000)
    rates = noise_rates(log_odds * sureness, given, torch.ones_like(given))
    assert rates.scale * sureness == pytest.approx(1, rel=0.2)
    expected = rates.against(log_odds * sureness, given).sigmoid().sum()
    assert float(expected) == pytest.approx(int(wrong.sum()), rel=0.15)


def test_heads_that_are_not_sure_enough_are_not_made_surer():
    log_odds, given, _ = noisy(0.1, 0.01, images=2000)
    assert noise_rates(log_odds / 4, given, torch.ones_like(given)).scale == pytest.approx(1, abs=1e-3)
