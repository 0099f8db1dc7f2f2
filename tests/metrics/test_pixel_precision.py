"""PxAP against scikit-learn on rounded scores."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from reference.metrics import average_precision as naive
from weldon.errors import UsageError
from weldon.metrics import normalise_map, pixel_average_precision
from weldon.metrics.pixel_precision import score_histogram


def drawn(generator, count=4):
    maps = [normalise_map(torch.randn(7 + n, 9, generator=generator)) for n in range(count)]
    masks = [(m + torch.randn(m.shape, generator=generator) * 0.5).gt(0.5).long() for m in maps]
    for mask in masks:
        mask[0] = 255
    return maps, masks


def pixels(maps, masks, bins):
    """Return every counted pixel's threshold number and truth."""
    scores = torch.cat([m[k != 255] for m, k in zip(maps, masks, strict=True)])
    truth = torch.cat([k[k != 255] for k in masks])
    return np.floor(scores.double().numpy() * bins), truth.numpy()


@pytest.mark.parametrize("bins", [10, 1000])
def test_equals_scikit_learn_on_scores_rounded_down(generator, bins):
    maps, masks = drawn(generator)
    levels, truth = pixels(maps, masks, bins)
    got = pixel_average_precision(maps, masks, bins=bins)
    assert got.item() == pytest.approx(average_precision_score(truth, levels))
    assert got.item() == pytest.approx(naive(levels.tolist(), truth.tolist()), abs=1e-6)


def test_all_maps_stand_in_one_ranking():
    # alone each map is perfect; together the background of the first stands above the object of the second
    maps = torch.tensor([[[0.9, 0.8]], [[0.3, 0.1]]])
    masks = torch.tensor([[[1, 0]], [[1, 0]]])
    assert [pixel_average_precision(maps[n : n + 1], masks[n : n + 1]).item() for n in (0, 1)] == [1.0, 1.0]
    assert pixel_average_precision(maps, masks).item() == pytest.approx(5 / 6)


def test_void_pixels_count_nowhere():
    maps = torch.tensor([[[1.0, 0.5, 0.0]]])
    assert pixel_average_precision(maps, torch.tensor([[[255, 1, 0]]])).item() == 1.0


def test_scores_on_a_threshold_reach_it():
    histogram = score_histogram(torch.tensor([[0.0, 0.5, 1.0]]), torch.zeros(1, 3), bins=2)
    assert histogram.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_no_object_pixels_are_nan():
    assert pixel_average_precision(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)).isnan()


def test_normalised_map_spans_zero_to_one(generator):
    stretched = normalise_map(torch.randn(3, 2, 5, 5, generator=generator) * 100)
    assert (stretched.amin((-2, -1)) == 0).all()
    assert (stretched.amax((-2, -1)) == 1).all()


def test_flat_map_becomes_zero():
    assert (normalise_map(torch.full((2, 3, 3), 7.0)) == 0).all()


@pytest.mark.parametrize(
    ("score_map", "mask", "message"),
    [
        (torch.tensor([[1.5]]), torch.tensor([[0]]), r"score_map must be in \[0, 1\]"),
        (torch.tensor([[torch.nan]]), torch.tensor([[0]]), r"score_map must be in \[0, 1\]"),
        (torch.zeros(1, 2), torch.zeros(2, 1), r"must be one \(H, W\), got \(1, 2\) and \(2, 1\)"),
        (torch.zeros(1, 1), torch.tensor([[3]]), "mask must be 0, 1 or 255, got 3"),
    ],
)
def test_wrong_arguments_are_named(score_map, mask, message):
    with pytest.raises(UsageError, match=message):
        pixel_average_precision([score_map], [mask])


def test_a_mask_for_every_map_is_asked_for():
    with pytest.raises(UsageError, match=r"masks must be as many as score_maps \(2\), got 1"):
        pixel_average_precision(torch.zeros(2, 1, 1), torch.zeros(1, 1, 1))
