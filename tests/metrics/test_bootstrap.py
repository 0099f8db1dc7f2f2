"""Resampled average precision is average precision of the drawn rows, the same rows for every run."""

from __future__ import annotations

import pytest
import torch

from weldon.metrics import average_precision
from weldon.metrics.bootstrap import resampled_average_precision


def drawn_rows(images, draws, seed):
    """Repeat the draws as rows of images, not as counts."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(images, (draws, images), generator=generator)


@pytest.mark.parametrize("levels", [None, 4])
def test_equals_average_precision_of_the_drawn_rows(levels):
    generator = torch.Generator().manual_seed(0)
    runs = [torch.randn(40, 3, generator=generator) for _ in range(2)]
    if levels:
        runs = [(scores * levels).round() / levels for scores in runs]  # many ties
    target = (torch.rand(40, 3, generator=generator) < 0.3).float()
    known = torch.rand(40, 3, generator=generator) < 0.8
    found = resampled_average_precision(runs, target, known, draws=25, seed=7)
    assert found.shape == (2, 25, 3)
    for draw, rows in enumerate(drawn_rows(40, 25, 7)):
        for run, scores in enumerate(runs):
            expected = average_precision(scores[rows], target[rows], known[rows]).double()
            torch.testing.assert_close(found[run, draw], expected, atol=1e-6, rtol=0, equal_nan=True)


def test_the_spread_is_near_the_one_of_other_images():
    """A thousand sets of images of one kind differ as much as the draws from one of them say."""
    generator = torch.Generator().manual_seed(1)

    def images(count):
        target = (torch.rand(count, 1, generator=generator) < 0.4).float()
        return torch.randn(count, 1, generator=generator) + target, target

    sets = torch.stack([average_precision(*images(200))[0] for _ in range(400)])
    estimates = torch.stack(
        [
            resampled_average_precision([s], t, draws=200)[0, :, 0].std()
            for s, t in (images(200) for _ in range(8))
        ]
    )
    assert float(estimates.mean()) == pytest.approx(float(sets.std()), rel=0.2)


def test_a_class_without_positives_has_no_value():
    target = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    found = resampled_average_precision([torch.randn(2, 2)], target, draws=3)
    assert found[..., 1].isnan().all()


def test_many_images_are_drawn_in_blocks_of_equal_result(monkeypatch):
    scores, target = torch.randn(30, 2), (torch.rand(30, 2) < 0.5).float()
    whole = resampled_average_precision([scores], target, draws=20, seed=3)
    monkeypatch.setattr("weldon.metrics.bootstrap._CELLS", 90)
    torch.testing.assert_close(
        resampled_average_precision([scores], target, draws=20, seed=3), whole, equal_nan=True
    )
