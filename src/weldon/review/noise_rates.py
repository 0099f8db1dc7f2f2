"""How often labels are wrong: present ones that should be absent, absent ones that should be present."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

START = (0.1, 0.01)
ROUNDS = 200  # at most; a few dozen are the rule
STILL = 1e-6  # change of a rate below which they have arrived
SMALLEST = 1 / 256  # scale of log odds


@dataclass(frozen=True)
class NoiseRates:
    """The two ways of being wrong, over all classes.

    Args:
        missed: share of the present classes that are labelled absent, in (0, 1).
        added: share of the absent classes that are labelled present, in (0, 1).
        scale: factor on the log odds that the labels bear out, in (0, 1]; 1 takes them at their word.
    """

    missed: float
    added: float
    scale: float = 1.0

    def against(self, log_odds: Tensor, given: Tensor) -> Tensor:
        """Return the log odds that each label is wrong.

        By Bayes' rule: of the classes labelled absent, ``missed / (1 - added)`` times the odds of being
        present are wrong; of those labelled present, ``added / (1 - missed)`` times the odds of being absent.

        Args:
            log_odds: ``(N, C)``, that a class is present, by what did not see the label.
            given: ``(N, C)`` bool, labelled present.
        """
        present = math.log(self.added / (1 - self.missed)) - self.scale * log_odds
        absent = math.log(self.missed / (1 - self.added)) + self.scale * log_odds
        return torch.where(given, present, absent)

    def likelihood(self, log_odds: Tensor, given: Tensor) -> float:
        """Return the log of how likely labels are, for log odds and labels of one shape."""
        present = (self.scale * log_odds).sigmoid()
        labelled = ((1 - self.missed) * present + self.added * (1 - present)).clamp(1e-12, 1 - 1e-12)
        return float(torch.where(given, labelled.log(), (1 - labelled).log()).sum())


def noise_rates(log_odds: Tensor, given: Tensor, known: Tensor) -> NoiseRates:
    """Return the rates, and the scale of the log odds, under which the labels are most likely.

    Heads that were fitted to few images are far too sure of themselves, and every label they contradict would
    count as wrong: so their log odds may be scaled down, never up. Heads that learnt from the wrong labels as
    well follow them a little, so the rates come out rather too low. Half a label is added on each side, so
    that none is 0.

    Args:
        log_odds: ``(N, C)`` float, that a class is present, by what did not see the label.
        given: ``(N, C)`` bool, labelled present.
        known: ``(N, C)`` bool, labelled at all.

    Example:
        >>> scores = torch.tensor([9.0, 9.0, 9.0, 9.0, -9.0, -9.0, -9.0, -9.0])[:, None]
        >>> given = torch.tensor([True, True, True, False, False, False, False, False])[:, None]
        >>> rates = noise_rates(scores, given, torch.ones(8, 1, dtype=torch.bool))
        >>> round(rates.missed, 1), round(rates.added, 1)  # one of four is missed, none added
        (0.3, 0.1)
    """
    scores, labels = log_odds[known].double(), given[known]
    at_their_word = _rates(scores, labels, 1.0)
    if not len(scores):
        return at_their_word

    def unlikely(log_scale: float) -> float:
        return -_rates(scores, labels, math.exp(log_scale)).likelihood(scores, labels)

    found = minimize_scalar(unlikely, bounds=(math.log(SMALLEST), 0.0), method="bounded")
    scaled = _rates(scores, labels, math.exp(float(found.x)))
    return max(at_their_word, scaled, key=lambda rates: rates.likelihood(scores, labels))


def _rates(log_odds: Tensor, given: Tensor, scale: float) -> NoiseRates:
    """Return the most likely rates at one scale, by expectation and maximisation; vectors of known labels."""
    rates = NoiseRates(*START, scale)
    for _ in range(ROUNDS):
        before, wrong = rates, rates.against(log_odds, given).sigmoid()
        rates = NoiseRates(
            _share(wrong[~given].sum(), (1 - wrong[given]).sum()),
            _share(wrong[given].sum(), (1 - wrong[~given]).sum()),
            scale,
        )
        if max(abs(rates.missed - before.missed), abs(rates.added - before.added)) < STILL:
            break
    return rates


def _share(wrong: Tensor, right: Tensor) -> float:
    return (float(wrong) + 0.5) / (float(wrong) + float(right) + 1)
