"""Reliability and calibration error against a loop and against torchmetrics."""

import math

import pytest
import torch
from torchmetrics.functional.classification import binary_calibration_error

from weldon.errors import UsageError
from weldon.metrics import expected_calibration_error, reliability_curve


def loop(probabilities, target, known, bins):
    """The error, label by label, in Python's own numbers."""
    inside = [[] for _ in range(bins)]
    for row, truth, told in zip(probabilities.tolist(), target.tolist(), known.tolist(), strict=True):
        for value, present, is_known in zip(row, truth, told, strict=True):
            if is_known:
                inside[min(int(value * bins), bins - 1)].append((value, present))
    total = sum(map(len, inside))
    return sum(
        abs(sum(value for value, _ in part) - sum(present for _, present in part)) / total for part in inside
    )


@pytest.fixture
def drawn(generator):
    probabilities = torch.rand(200, 3, generator=generator, dtype=torch.double)
    target = torch.rand(200, 3, generator=generator, dtype=torch.double) < probabilities**2
    return probabilities, target.long(), torch.rand(200, 3, generator=generator) < 0.8


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_error_equals_the_loop(drawn, bins):
    probabilities, target, known = drawn
    got = expected_calibration_error(probabilities, target, known, bins=bins)
    assert got.item() == pytest.approx(loop(probabilities, target, known, bins), abs=1e-12)


def test_error_equals_torchmetrics(drawn):
    probabilities, target, _ = drawn
    theirs = binary_calibration_error(probabilities.flatten(), target.flatten(), n_bins=15, norm="l1")
    ours = expected_calibration_error(probabilities, target)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6)


def test_probabilities_that_keep_their_word_have_no_error():
    probabilities = torch.tensor([[0.5], [0.5], [0.75], [0.75], [0.75], [0.75]])
    target = torch.tensor([[1], [0], [1], [1], [1], [0]])
    assert expected_calibration_error(probabilities, target, bins=4).item() == 0


def test_one_lies_in_the_last_bin_and_empty_bins_are_nan():
    curve = reliability_curve(torch.tensor([[1.0], [0.0]]), torch.tensor([[1], [1]]), bins=3)
    assert curve.counts.tolist() == [1, 0, 1]
    assert curve.observed[[0, 2]].tolist() == [1, 1]
    assert math.isnan(curve.observed[1])


def test_unknown_labels_count_for_nothing(drawn):
    probabilities, target, known = drawn
    flipped = torch.where(known, target, 1 - target)
    ours = [expected_calibration_error(probabilities, labels, known) for labels in (target, flipped)]
    assert torch.equal(*ours)


def test_nothing_known_is_nan():
    nothing = torch.zeros(2, 2, dtype=torch.bool)
    assert expected_calibration_error(torch.rand(2, 2), torch.zeros(2, 2), nothing).isnan()


@pytest.mark.parametrize(
    ("probabilities", "bins", "words"), [([[1.5]], 15, "1.5"), ([[-0.1]], 15, "-0.1"), ([[0.5]], 0, "bins")]
)
def test_what_is_no_probability_is_refused(probabilities, bins, words):
    with pytest.raises(UsageError, match=words):
        reliability_curve(torch.tensor(probabilities), torch.ones(1, 1), bins=bins)
