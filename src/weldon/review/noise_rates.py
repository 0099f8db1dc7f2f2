"""How often labels are wrong: present ones that should be absent, absent ones that should be present."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

START = (0.1, 0.01)
ROUNDS = 200  # at most; a few dozen are the rule
STILL = 1e-6  # change of a rate below which they have arrived
SCALES = tuple(2.0 ** (step / 3) for step in range(-24, 1))  # of log odds, from 1/256; never above 1


@dataclass(frozen=True)
class NoiseRates:
    """The two ways of being wrong, over all classes.

    Args:
        missed: share of the present classes that are labelled absent, in (0, 1).
        added: share of the absent classes that are labelled present, in (0, 1).
    """

    missed: float
    added: float

    def against(self, log_odds: Tensor, given: Tensor) -> Tensor:
        """Return the log odds that each label is wrong.

        By Bayes' rule: of the classes labelled absent, ``missed / (1 - added)`` times the odds of being
        present are wrong; of those labelled present, ``added / (1 - missed)`` times the odds of being absent.

        Args:
            log_odds: ``(N, C)``, that a class is present, by what did not see the label.
            given: ``(N, C)`` bool, labelled present.
        """
        present = math.log(self.added / (1 - self.missed)) - log_odds
        absent = math.log(self.missed / (1 - self.added)) + log_odds
        return torch.where(given, present, absent)

    def likelihood(self, log_odds: Tensor, given: Tensor) -> float:
        """Return the log of how likely labels are, for log odds and labels of one shape."""
        present = log_odds.sigmoid()
        labelled = ((1 - self.missed) * present + self.added * (1 - present)).clamp(1e-12, 1 - 1e-12)
        return float(torch.where(given, labelled.log(), (1 - labelled).log()).sum())


def noise_rates(log_odds: Tensor, given: Tensor, known: Tensor) -> NoiseRates:
    """Return the rates under which the labels are most likely, by expectation and maximisation.

    The probabilities are taken as they are; heads that learnt from the wrong labels as well follow them a
    little, so the rates come out rather too low. Half a label is added on each side, so that none is 0.

    Args:
        log_odds: ``(N, C)`` float, that a class is present, by what did not see the label.
        given: ``(N, C)`` bool, labelled present.
        known: ``(N, C)`` bool, labelled at all.

    Example:
        >>> scores = torch.tensor([9.0, 9.0, 9.0, 9.0, -9.0, -9.0, -9.0, -9.0])[:, None]
        >>> given = torch.tensor([True, True, True, False, False, False, False, False])[:, None]
        >>> rates = noise_rates(scores, given, torch.ones(8, 1, dtype=torch.bool))
        >>> round(rates.missed, 2), round(rates.added, 2)  # one of four is missed, none added
        (0.3, 0.1)
    """
    scores, given = log_odds[known].double(), given[known]
    rates = NoiseRates(*START)
    for _ in range(ROUNDS):
        before, wrong = rates, rates.against(scores, given).sigmoid()
        rates = NoiseRates(
            _share(wrong[~given].sum(), (1 - wrong[given]).sum()),
            _share(wrong[given].sum(), (1 - wrong[~given]).sum()),
        )
        if max(abs(rates.missed - before.missed), abs(rates.added - before.added)) < STILL:
            break
    return rates


def expected_wrong(log_odds: Tensor, given: Tensor, known: Tensor, asked: Tensor) -> float:
    """Return how many of the labels that are asked about are wrong, by the sum of their probabilities.

    Heads that were fitted to few images are far too sure of themselves, and every label they contradict would
    count as wrong. So their log odds are first scaled down to what makes the labels most likely.

    Args:
        log_odds: ``(N, C)`` float, that a class is present, by what did not see the label.
        given: ``(N, C)`` bool, labelled present.
        known: ``(N, C)`` bool, labelled at all.
        asked: ``(N, C)`` bool, to be counted.
    """
    scaled = [log_odds.double() * scale for scale in SCALES]
    rates = [noise_rates(odds, given, known) for odds in scaled]
    fits = [rate.likelihood(odds[known], given[known]) for rate, odds in zip(rates, scaled, strict=True)]
    best = fits.index(max(fits))
    return float(rates[best].against(scaled[best], given).sigmoid()[asked].sum())


def _share(wrong: Tensor, right: Tensor) -> float:
    return (float(wrong) + 0.5) / (float(wrong) + float(right) + 1)
