"""What every output space keeps to, by trying all answers; a space's test class inherits it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from weldon.structured import OutputSpace


class OutputSpaceContract:
    """Inherit, and define ``build``, ``targets``, ``answers`` and ``joint``."""

    columns = 3  # C

    def build(self) -> OutputSpace:
        raise NotImplementedError

    def targets(self) -> Tensor:
        """Targets of as many examples as there are rows of :meth:`scores`."""
        raise NotImplementedError

    def answers(self) -> list[Tensor]:
        """Every answer to one example, as an output of one row."""
        raise NotImplementedError

    def joint(self, scores: Tensor, answer: Tensor) -> float:
        """s(x, y) of one row of scores, by the definition."""
        raise NotImplementedError

    def scores(self) -> Tensor:
        generator = torch.Generator().manual_seed(3)
        count = len(self.targets())
        return 2 * torch.randn(count, self.columns, generator=generator, dtype=torch.float64)

    def _brute(self, row: Tensor, target: Tensor) -> list[float]:
        space = self.build()
        return [float(space.delta(target, y)[0]) + self.joint(row, y) for y in self.answers()]

    def test_decodes_the_answer_of_the_highest_score(self):
        scores = self.scores()
        decoded = self.build().decode(scores)
        for row, found in zip(scores, decoded, strict=True):
            best = max(self.joint(row, y) for y in self.answers())
            assert self.joint(row, found.unsqueeze(0)) == pytest.approx(best)

    def test_loss_augmented_inference_beats_every_answer(self):
        scores, targets = self.scores(), self.targets()
        space = self.build()
        found = space.loss_augmented_inference(scores, targets)
        for n, row in enumerate(scores):
            target, output = targets[n : n + 1], found[n : n + 1]
            value = float(space.delta(target, output)[0]) + self.joint(row, output)
            assert value == pytest.approx(max(self._brute(row, target)))

    def test_loss_is_the_structured_hinge(self):
        scores, targets = self.scores(), self.targets()
        for n, row in enumerate(scores):
            target = targets[n : n + 1]
            expected = max(self._brute(row, target)) - self.truth_score(row, target)
            assert float(self.build().loss(scores[n : n + 1], target)) == pytest.approx(expected)

    def truth_score(self, row: Tensor, target: Tensor) -> float:
        return self.joint(row, target)

    def test_loss_bounds_delta(self):
        scores, targets = self.scores(), self.targets()
        space = self.build()
        delta = space.delta(targets, space.decode(scores)).mean()
        assert float(space.loss(scores, targets)) >= float(delta) - 1e-12

    def test_weight_counts_examples(self):
        scores, targets = self.scores(), self.targets()
        space = self.build()
        weight = torch.arange(len(scores), dtype=torch.float64)
        repeated = torch.repeat_interleave(torch.arange(len(scores)), weight.long())
        torch.testing.assert_close(
            space.loss(scores, targets, weight), space.loss(scores[repeated], targets[repeated])
        )

    def test_loss_falls_in_wanted_scores_and_rises_in_others(self):
        scores, targets = self.scores().requires_grad_(), self.targets()
        space = self.build()
        (slope,) = torch.autograd.grad(space.loss(scores, targets), scores)
        wanted = space.wanted(targets, self.columns)
        assert wanted.shape == scores.shape
        assert (slope[wanted] <= 0).all()
        assert (slope[~wanted] >= 0).all()
