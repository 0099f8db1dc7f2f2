"""What every output space shares: a mean by weight, and no probabilities of its own."""

from __future__ import annotations

import pytest
import torch

from weldon.structured import MultiClass, OutputSpace, Ranking
from weldon.structured.spaces.space import weighted_mean


def test_the_mean_counts_each_example_by_its_weight():
    losses = torch.tensor([1.0, 4.0])
    assert weighted_mean(losses, None) == 2.5
    assert weighted_mean(losses, torch.tensor([3.0, 1.0])) == 1.75


def test_where_nothing_weighs_anything_the_mean_is_zero_with_a_gradient():
    losses = torch.tensor([1.0, 4.0], requires_grad=True)
    mean = weighted_mean(losses, torch.zeros(2))
    mean.backward()
    assert (mean.item(), losses.grad.tolist()) == (0.0, [0.0, 0.0])


def test_a_space_is_printed_with_its_options():
    assert repr(MultiClass(delta=[[0.0, 1.0], [2.0, 0.0]])).startswith("MultiClass(")
    assert "[[0.0, 1.0], [2.0, 0.0]]" in repr(MultiClass(delta=[[0.0, 1.0], [2.0, 0.0]]))


def test_a_space_without_probabilities_says_so():
    ranking, scores = Ranking(), torch.zeros(2, 1)
    with pytest.raises(NotImplementedError, match="Ranking has no probabilities"):
        ranking.probabilities(scores, beta=1.0)
    with pytest.raises(NotImplementedError, match="Ranking has no probabilities"):
        ranking.log_loss(scores, scores, torch.ones(2), beta=1.0)


def test_a_space_must_say_all_that_solvers_ask():
    with pytest.raises(TypeError, match="abstract"):
        OutputSpace()
