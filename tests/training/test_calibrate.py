"""Fitted slopes and offsets are those that made the labels; order stays; no image judges itself."""

import pytest
import torch

from weldon.metrics import expected_calibration_error
from weldon.runs.calibration_file import unchanged
from weldon.training.calibrate import calibrate, cross_fitted, fit_lines, fit_temperature
from weldon.training.scoring import ScoredSet


@pytest.fixture
def drawn(generator):
    """Scores of two classes whose log odds are 3 s - 1 and 0.5 s + 2, and the labels drawn from them."""
    scores = torch.randn(4000, 2, generator=generator)
    odds = scores * torch.tensor([3.0, 0.5]) + torch.tensor([-1.0, 2.0])
    target = (torch.rand(4000, 2, generator=generator) < odds.sigmoid()).long()
    return scores, target, torch.ones(4000, 2, dtype=torch.bool)


def test_lines_are_those_that_made_the_labels(drawn):
    fitted = fit_lines(*drawn)
    torch.testing.assert_close(fitted.slope, torch.tensor([3.0, 0.5], dtype=torch.double), atol=0.2, rtol=0)
    torch.testing.assert_close(
        fitted.offset, torch.tensor([-1.0, 2.0], dtype=torch.double), atol=0.15, rtol=0
    )


def test_probabilities_keep_their_word_afterwards(drawn):
    scores, target, _ = drawn
    before = expected_calibration_error(scores.sigmoid(), target)
    after = expected_calibration_error(cross_fitted(fit_lines, *drawn).sigmoid(), target)
    assert before > 0.1
    assert after < 0.03


def test_unknown_labels_do_not_move_a_line(drawn):
    scores, target, known = drawn
    known[::2, 0] = False
    lies = target.clone()
    lies[::2, 0] = 1 - target[::2, 0]
    one, other = fit_lines(scores, target, known), fit_lines(scores, lies, known)
    assert torch.equal(one.slope, other.slope)


def test_a_rare_class_shares_the_line_of_all(drawn):
    scores, target, known = drawn
    rare = torch.zeros(4000, 1, dtype=torch.long)
    rare[:3] = 1
    fitted = fit_lines(
        torch.cat([scores, scores[:, :1]], 1), torch.cat([target, rare], 1), known[:, [0, 1, 1]]
    )
    everything = fit_lines(
        torch.cat([scores, scores[:, :1]], 1).reshape(-1, 1),
        torch.cat([target, rare], 1).reshape(-1, 1),
        known[:, [0, 1, 1]].reshape(-1, 1),
    )
    assert fitted.slope[2] == pytest.approx(float(everything.slope[0]))


def test_a_class_that_scores_the_wrong_way_round_keeps_its_order(drawn):
    scores, target, known = drawn
    assert (fit_lines(-scores, target, known).slope > 0).all()


@pytest.mark.parametrize("present", [0, 1])
def test_labels_of_one_kind_alone_leave_scores_as_they_are(present):
    fitted = fit_lines(torch.randn(30, 1), torch.full((30, 1), present), torch.ones(30, 1, dtype=torch.bool))
    assert (fitted.slope.item(), fitted.offset.item()) == (1.0, 0.0)


def test_scores_that_separate_a_class_do_not_become_certain():
    scores, target = torch.linspace(-1, 1, 40)[:, None], torch.arange(40)[:, None] >= 20
    odds = fit_lines(scores, target, torch.ones(40, 1, dtype=torch.bool))(scores)
    assert 0.9 < odds.sigmoid().max() < 0.999


def test_temperature_is_the_one_that_made_the_labels(generator):
    scores = torch.randn(4000, 4, generator=generator) * 2
    right = torch.multinomial((scores / 0.5).softmax(1), 1, generator=generator).squeeze(1)
    target = torch.nn.functional.one_hot(right, 4)
    fitted = fit_temperature(scores, target, torch.ones(4000, 4, dtype=torch.bool))
    assert fitted.slope.tolist() == pytest.approx([2.0] * 4, abs=0.2)
    assert fitted.offset.tolist() == [0.0] * 4


def test_no_image_judges_itself(drawn):
    """A label that is turned round moves no log odds of its own fold, but those of others."""
    scores, target, known = (part[:60] for part in drawn)
    turned = target.clone()
    turned[0] = 1 - target[0]
    before, after = (cross_fitted(fit_lines, scores, labels, known) for labels in (target, turned))
    own = torch.arange(60) % 5 == 0
    assert torch.equal(before[own], after[own])
    assert not torch.equal(before[~own], after[~own])


def test_nothing_to_fit_leaves_scores_as_they_are():
    nothing = torch.zeros(3, 2, dtype=torch.bool)
    for fit in (fit_lines, fit_temperature):
        assert torch.equal(fit(torch.randn(3, 2), torch.zeros(3, 2), nothing).slope, unchanged(2).slope)


def scored(scores, target, known):
    return ScoredSet(scores, target, known, torch.arange(len(scores)), map_scale=1.0)


def test_probabilities_that_new_images_do_not_gain_from_stay_as_they_were(generator):
    """The scores of 40 images are log odds already: lines fitted to so few are worse for the others."""
    scores = 3 * torch.randn(40, 2, generator=generator)
    target = (torch.rand(40, 2, generator=generator) < scores.sigmoid()).long()
    known = torch.ones(40, 2, dtype=torch.bool)
    found = calibrate(scored(scores, target, known), "multilabel")
    assert torch.equal(found.calibration.slope, unchanged(2).slope)
    assert found.after.error == found.before.error


def test_probabilities_that_new_images_gain_from_are_calibrated(drawn):
    found = calibrate(scored(*drawn), "multilabel")
    assert torch.equal(found.calibration.slope, fit_lines(*drawn).slope)
    assert found.after.error < 0.03 < 0.1 < found.before.error
