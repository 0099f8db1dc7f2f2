"""Choosing parameters on masks."""

from __future__ import annotations

import pytest
import torch

from weldon.crf.dense_crf import CRFParameters, DenseCRF
from weldon.crf.tuning import CRF_GRID, UNREFINED, tune_crf
from weldon.errors import UsageError
from weldon.metrics import mean_iou

GOOD = CRFParameters(1.0, 1.0, 20.0, 30.0, 4.0, 5)
HARSH = CRFParameters(30.0, 100.0, 80.0, 250.0, 100.0, 5)


@pytest.fixture
def examples(generator):
    """Four pictures of a bright square, its label maps noisy."""
    found = []
    for _ in range(4):
        mask = torch.zeros(20, 24, dtype=torch.long)
        mask[5:15, 6:18] = 1
        image = (60 + 120 * mask + 10 * torch.randn(3, 20, 24, generator=generator)).to(torch.uint8)
        claim = torch.sigmoid(2 * mask - 1 + 1.5 * torch.randn(20, 24, generator=generator))
        found.append((torch.stack([1 - claim, claim]), image, mask))
    return tuple(zip(*found, strict=True))


def test_the_best_of_the_grid_is_chosen(examples):
    best, table = tune_crf(*examples, grid=[UNREFINED, HARSH, GOOD])
    assert best == GOOD
    assert [trial.parameters for trial in table] == [UNREFINED, HARSH, GOOD]
    assert table[2].miou > table[0].miou + 0.1
    assert max(trial.miou for trial in table) == table[2].miou


def test_figures_are_mean_iou_over_all_masks_together(examples):
    _, table = tune_crf(*examples, grid=[GOOD])
    probabilities, images, masks = examples
    crf = DenseCRF(GOOD)
    predictions = [crf(p, image).argmax(0) for p, image in zip(probabilities, images, strict=True)]
    assert table[0].miou == pytest.approx(mean_iou(predictions, list(masks), 2).item())


def test_void_pixels_do_not_count(examples):
    probabilities, images, masks = examples
    wrong = (probabilities[0].argmax(0) != masks[0]).nonzero()
    spotless = masks[0].clone()
    spotless[wrong[:, 0], wrong[:, 1]] = 255
    _, table = tune_crf(probabilities[:1], images[:1], [spotless], grid=[UNREFINED])
    assert table[0].miou == 1


def test_of_equals_the_first_is_chosen(examples):
    same = CRFParameters(spatial_weight=0, bilateral_weight=0)
    best, _ = tune_crf(*examples, grid=[UNREFINED, same])
    assert best == UNREFINED


def test_generators_will_do(examples):
    again = tune_crf(*(iter(parts) for parts in examples), grid=[GOOD])
    assert again == tune_crf(*examples, grid=[GOOD])


def test_the_grid_holds_no_crf_and_the_defaults():
    assert CRF_GRID[0].iterations == 0
    assert CRFParameters() in CRF_GRID
    assert len(set(CRF_GRID)) == len(CRF_GRID)


def test_bad_input_is_refused_by_name(examples):
    probabilities, images, masks = examples
    with pytest.raises(UsageError, match="grid must hold at least one"):
        tune_crf(*examples, grid=[])
    with pytest.raises(UsageError, match="as many of each, got one that ends after 3"):
        tune_crf(probabilities, images, masks[:3], grid=[UNREFINED])
    with pytest.raises(UsageError, match="at least one labelled pixel"):
        tune_crf([], [], [], grid=[UNREFINED])
    with pytest.raises(UsageError, match="probabilities must all have 2 labels, got 1"):
        tune_crf(
            [probabilities[0], probabilities[1][:1]], images[:2], [masks[0], masks[1] * 0], grid=[UNREFINED]
        )
