from __future__ import annotations

import pytest
import torch

from contracts.output_space import OutputSpaceContract
from weldon.errors import UsageError
from weldon.structured import Binary, Enumerated, MultiClass

COSTS = [[0.0, 1.0, 4.0], [0.5, 0.0, 1.0], [2.0, 1.0, 0.0]]


class TestMultiClass(OutputSpaceContract):
    def build(self):
        return MultiClass()

    def targets(self):
        return torch.tensor([0, 1, 2, 2, 1])

    def answers(self):
        return [torch.tensor([y]) for y in range(3)]

    def joint(self, scores, answer):
        return float(scores[answer])


class TestMultiClassWithCosts(TestMultiClass):
    def build(self):
        return MultiClass(delta=COSTS)


class TestBinary(OutputSpaceContract):
    columns = 1

    def build(self):
        return Binary()

    def targets(self):
        return torch.tensor([0, 1, 1, 0])

    def answers(self):
        return [torch.tensor([0]), torch.tensor([1])]

    def joint(self, scores, answer):
        return float(scores[0]) * (0.5 if int(answer) == 1 else -0.5)


class TestBinaryWithCosts(TestBinary):
    def build(self):
        return Binary(delta=[[0, 1], [3, 0]])


class Ordinal(Enumerated):
    """K ordered answers by K - 1 scores, each for one step up."""

    def num_scores(self, num_classes):
        return num_classes - 1

    def combination(self, num_scores):
        return torch.ones(num_scores, num_scores + 1).triu(1)

    def costs(self, num_outputs):
        levels = torch.arange(num_outputs, dtype=torch.float64)
        return (levels[:, None] - levels).abs()


class TestOrdinal(OutputSpaceContract):
    """The documented example of a space of one's own."""

    def build(self):
        return Ordinal()

    def targets(self):
        return torch.tensor([0, 1, 2, 3, 3])

    def answers(self):
        return [torch.tensor([y]) for y in range(4)]

    def joint(self, scores, answer):
        return float(scores[: int(answer)].sum())


class Crossing(Enumerated):
    """Four answers that no score orders."""

    def num_scores(self, num_classes):
        return 1

    def combination(self, num_scores):
        return torch.tensor([[-1.0, 0.0, 1.0]])


def test_a_score_that_is_wanted_neither_high_nor_low_is_refused():
    with pytest.raises(UsageError, match="stochastic"):
        Crossing().wanted(torch.tensor([1]), 1)


@pytest.mark.parametrize(
    ("delta", "message"),
    [
        ([[0.0, 1.0]], "must be"),
        ([[0.0, -1.0], [1.0, 0.0]], "at least 0"),
        ([[1.0, 1.0], [1.0, 0.0]], "diagonal"),
    ],
)
def test_a_delta_that_is_none_is_refused(delta, message):
    with pytest.raises(UsageError, match=message):
        MultiClass(delta=delta)


def test_a_delta_of_another_size_is_refused():
    with pytest.raises(UsageError, match="3, 3"):
        MultiClass(delta=[[0, 1], [1, 0]]).loss(torch.zeros(1, 3), torch.tensor([0]))


def test_binary_refuses_three_classes():
    with pytest.raises(UsageError, match="got 3"):
        Binary().num_scores(3)


def test_binary_probability_is_the_logistic_of_the_score():
    scores = torch.tensor([[0.3], [-2.0]])
    torch.testing.assert_close(
        Binary().probabilities(scores, beta=2.0)[:, 1], torch.sigmoid(2 * scores[:, 0])
    )
