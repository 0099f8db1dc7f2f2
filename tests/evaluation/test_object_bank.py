"""The combination of scales: what it must equal, choose and survive."""

from __future__ import annotations

import pytest
import torch

from weldon.errors import UsageError
from weldon.evaluation.object_bank import (
    TABLE_3,
    average_scales,
    divide,
    fit_object_bank,
    quality,
    side_by_side,
    table3_count,
)

# Table 3 as printed: image size, cells a side, k.
PRINTED = [
    *[(224, 7, 5), (280, 9, 10), (320, 10, 20), (374, 12, 30), (448, 14, 50), (560, 18, 75), (747, 24, 100)]
]


@pytest.mark.parametrize(("pixels", "side", "k"), PRINTED)
def test_table_3_is_as_printed(pixels, side, k):
    assert TABLE_3[side] == k
    assert table3_count(pixels) == k
    assert table3_count(side * 32) == k  # the next size that cuts no cell


def test_there_are_seven_scales():
    assert len(TABLE_3) == len(PRINTED)


def test_the_stride_decides_how_many_cells_there_are():
    assert table3_count(112, stride=16) == 5
    assert table3_count(224, stride=16) == 50


def noisy_scales(generator, *, images=120, classes=3, noises=(0.5, 3.0)):
    """Two scales that see the same truth with different noise."""
    target = (torch.rand(images, classes, generator=generator) < 0.4).double()
    scores = [target + noise * torch.randn(images, classes, generator=generator) for noise in noises]
    return [part.float() for part in scores], target.float()


def test_one_scale_keeps_the_ranking_of_an_only_class(generator):
    scores, target = noisy_scales(generator, classes=1, noises=(1.0,))
    bank = fit_object_bank(scores, target)
    assert torch.equal(bank(scores).argsort(0), scores[0].argsort(0))


def test_the_better_scale_weighs_more(generator):
    scores, target = noisy_scales(generator)
    bank = fit_object_bank(scores, target)
    own = [(bank.weight[c, c], bank.weight[c, 3 + c]) for c in range(3)]
    assert all(good > 2 * abs(bad) for good, bad in own)


def test_it_beats_averaging_where_one_scale_is_noise(generator):
    scores, target = noisy_scales(generator, images=400)
    fitted = fit_object_bank([part[:200] for part in scores], target[:200])
    known = torch.ones_like(target[200:], dtype=torch.bool)
    fresh = [part[200:] for part in scores]
    combined, averaged = (
        quality(made, target[200:], known, task="multilabel")
        for made in (fitted(fresh), average_scales(fresh))
    )
    assert combined > averaged + 0.05


def test_other_classes_speak_too(generator):
    """A class that has no evidence of its own but goes with another: the sofa of the cats."""
    target = (torch.rand(300, 1, generator=generator) < 0.5).float().expand(-1, 2)
    scores = torch.randn(300, 2, generator=generator)
    scores[:, 0] += 3 * target[:, 0]
    bank = fit_object_bank([scores], target)
    assert bank.weight[1, 0] > 5 * bank.weight[1, 1].abs()


def test_the_size_of_a_scales_scores_does_not_matter(generator):
    scores, target = noisy_scales(generator)
    bank, large = (fit_object_bank(part, target) for part in (scores, [scores[0], 1000 * scores[1] + 7]))
    torch.testing.assert_close(bank(scores), large([scores[0], 1000 * scores[1] + 7]), rtol=1e-3, atol=1e-3)


def test_cross_validation_regularises_noise_more_than_signal(generator):
    scores, target = noisy_scales(generator, images=600, noises=(0.3, 0.3))
    noise = [torch.randn(60, 3, generator=generator) for _ in range(20)]
    signal = fit_object_bank(scores, target)
    assert fit_object_bank(noise, target[:60]).strength <= signal.strength
    assert signal.validated[signal.strength] == max(signal.validated.values())


def test_unknown_cells_teach_nothing(generator):
    scores, target = noisy_scales(generator)
    known = torch.rand(target.shape, generator=generator) < 0.7
    wrong = torch.where(known, target, 1 - target)
    one, other = (fit_object_bank(scores, truth, known) for truth in (target, wrong))
    torch.testing.assert_close(one.weight, other.weight)


def test_a_class_nobody_has_averages_its_scales(generator):
    scores, target = noisy_scales(generator)
    target[:, 1] = 0
    bank = fit_object_bank(scores, target)
    assert bank.weight[1].tolist() == [0, 0.5, 0, 0, 0.5, 0]


def test_a_class_without_any_known_cell_averages_its_scales(generator):
    scores, target = noisy_scales(generator)
    known = torch.ones_like(target, dtype=torch.bool)
    known[:, 2] = False
    assert fit_object_bank(scores, target, known).weight[2].tolist() == [0, 0, 0.5, 0, 0, 0.5]


@pytest.mark.parametrize("classes", [2, 4])
def test_one_class_an_image_gives_a_softmax(generator, classes):
    truth = torch.randint(classes, (200,), generator=generator)
    target = torch.nn.functional.one_hot(truth, classes).float()
    scores = [target + torch.randn(target.shape, generator=generator) for _ in range(2)]
    bank = fit_object_bank(scores, target, task="multiclass")
    alone = quality(scores[0], target, target > -1, task="multiclass")
    assert quality(bank(scores), target, target > -1, task="multiclass") > alone
    probabilities = bank(scores).softmax(1)
    # The softmax is calibrated on what it was fitted on: mean probability = frequency.
    torch.testing.assert_close(probabilities.mean(0), target.mean(0), rtol=0, atol=0.02)


def test_a_class_no_image_has_is_never_the_answer(generator):
    target = torch.nn.functional.one_hot(torch.arange(60) % 2, 3).float()
    scores = [target + torch.randn(target.shape, generator=generator)]
    bank = fit_object_bank(scores, target, task="multiclass")
    assert 2 not in bank(scores).argmax(1)


def test_images_of_a_group_are_left_out_together():
    names = [f"scene {number // 4}" for number in range(40)]
    fold = divide(names, 5, seed=3)
    assert all(len(set(fold[4 * n : 4 * n + 4].tolist())) == 1 for n in range(10))
    assert fold.bincount().tolist() == [8] * 5


def test_side_by_side_and_average_agree_on_shapes():
    with pytest.raises(UsageError, match="of one shape"):
        side_by_side([torch.zeros(2, 3), torch.zeros(2, 4)])
    with pytest.raises(UsageError, match="of one shape"):
        average_scales([])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"task": "auto"}, "`task` must be multilabel or multiclass, got 'auto'"),
        ({"folds": 200}, "`folds` must be from 2 to the number of images, 120, got 200"),
    ],
)
def test_refusals_name_option_and_value(generator, options, words):
    scores, target = noisy_scales(generator)
    with pytest.raises(UsageError, match=words):
        fit_object_bank(scores, target, **options)
