"""Settings of masks are those that fit the declared masks best."""

from __future__ import annotations

from functools import partial

import pytest

from reference.masks import GEOMETRY, answer, random_maps, write_masks
from weldon.errors import UsageError
from weldon.inference.mask_settings import MaskSettings, draw_mask
from weldon.training.tune_masks import MaskTuner


@pytest.fixture
def write(tmp_path):
    """Return a function that writes masks."""
    return partial(write_masks, tmp_path)


@pytest.mark.parametrize("truth", [MaskSettings(0.62, True), MaskSettings(0.75, False)])
def test_the_background_that_drew_the_masks_is_chosen(write, truth):
    maps = {f"m{seed}": random_maps(seed) for seed in range(6)}
    masks = write(**{name: draw_mask(values, [0, 1], GEOMETRY, truth) for name, values in maps.items()})
    tuner = MaskTuner(masks, lambda answer: [0, 1])
    for name, values in maps.items():
        tuner.update(answer(masks, name, values))
    chosen, trials = tuner.choose_background()
    assert chosen.relative is truth.relative
    assert chosen.background == pytest.approx(truth.background, abs=0.03)
    assert max(trial["miou"] for trial in trials) > 0.97


def test_the_crf_is_never_chosen_to_do_harm(write):
    """Leaving it out is among what is tried."""
    maps = {f"m{seed}": random_maps(seed) for seed in range(3)}
    truth = MaskSettings(0.75, False)
    masks = write(**{name: draw_mask(values, [0, 1], GEOMETRY, truth) for name, values in maps.items()})
    tuner = MaskTuner(masks, lambda answer: [0, 1])
    for name, values in maps.items():
        tuner.update(answer(masks, name, values))
    settings, trials = tuner.choose_background()
    refined, tried = tuner.choose_crf(settings)
    assert refined.refinement.parameters.iterations == 0
    assert max(trial["miou"] for trial in tried) == pytest.approx(max(trial["miou"] for trial in trials))


def test_with_and_without_crf_are_measured_alike_where_a_class_is_only_predicted(write):
    maps = {f"m{seed}": random_maps(seed) for seed in range(3)}
    truth = MaskSettings(0.75, False)
    masks = write(**{name: draw_mask(values, [0], GEOMETRY, truth) for name, values in maps.items()})
    tuner = MaskTuner(masks, lambda answer: [0, 1])
    for name, values in maps.items():
        tuner.update(answer(masks, name, values))
    settings, trials = tuner.choose_background()
    _, tried = tuner.choose_crf(settings)
    unrefined = next(trial["miou"] for trial in tried if trial["iterations"] == 0)
    assert unrefined == pytest.approx(max(trial["miou"] for trial in trials))


def test_nothing_is_chosen_without_masks(write):
    tuner = MaskTuner(write(), lambda answer: [0])
    with pytest.raises(UsageError, match="images with masks and classes to draw, got none"):
        tuner.choose_background()
