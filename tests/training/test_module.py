"""The learning rate rises, then falls as asked."""

from __future__ import annotations

import pytest
import torch

from weldon.training.module import rate_factor, seed_here


@pytest.mark.parametrize("schedule", ["cosine", "step", "constant"])
def test_the_rate_rises_to_one_and_never_beyond(schedule):
    factors = [rate_factor(step, 100, warmup=0.1, schedule=schedule) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == pytest.approx(1.0)
    assert max(factors) <= 1.0


def test_no_warmup_starts_at_one():
    assert rate_factor(0, 100, warmup=0.0, schedule="cosine") == 1.0


def test_step_falls_by_ten_twice():
    factors = [rate_factor(step, 100, warmup=0.0, schedule="step") for step in (0, 59, 60, 84, 85, 100)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_a_seed_of_the_run_is_that_of_torch():
    seed_here(7, torch.device("cpu"))
    drawn = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))
