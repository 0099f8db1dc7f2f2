"""All pairs in a square give the rankings that the lists give."""

from __future__ import annotations

import pytest
import torch

from weldon.losses import average_precision_inference
from weldon.losses.ap import inference


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_square_and_lists_find_the_same_to_the_bit(ties, normalize, seed, monkeypatch):
    generator = torch.Generator().manual_seed(seed)
    scores = 3 * torch.randn(30, 9, generator=generator)
    scores = scores.round() if ties else scores
    share = torch.linspace(0, 1, 9)  # classes without positives, without negatives, and between
    target = (torch.rand(30, 9, generator=generator) < share).float()
    mask = torch.rand(30, 9, generator=generator) > 0.2
    scores[3, 4] = torch.nan
    found = []
    for square in (False, True):
        monkeypatch.setattr(inference, "_is_square", lambda ordered, square=square: square)
        for given in (None, mask):
            found.append(average_precision_inference(scores, target, given, normalize=normalize, scale=0.7))
    for by_lists, by_square in zip(found[:2], found[2:], strict=True):
        torch.testing.assert_close(by_square.loss, by_lists.loss, rtol=0, atol=0, equal_nan=True)
        torch.testing.assert_close(
            by_square.coefficients, by_lists.coefficients, rtol=0, atol=0, equal_nan=True
        )


def test_a_square_is_for_small_batches_on_an_accelerator():
    """A processor has more arithmetic to do there and gains nothing."""
    assert not inference._is_square(torch.empty(80, 64))
    assert inference._is_square(torch.empty(80, 64, device="meta"))
    assert not inference._is_square(torch.empty(80, 512, device="meta"))


@pytest.mark.gpu
def test_accelerator_agrees_with_the_processor():
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    scores, target = torch.randn(64, 80), torch.rand(64, 80) < 0.05
    here = average_precision_inference(scores, target)
    there = average_precision_inference(scores.cuda(), target.cuda())
    torch.testing.assert_close(there.loss.cpu(), here.loss)
    torch.testing.assert_close(there.coefficients.cpu(), here.coefficients)
