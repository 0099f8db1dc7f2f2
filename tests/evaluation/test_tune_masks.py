"""Settings of masks are those that fit the masks of tuning images best."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from reference.masks import GEOMETRY, SIZE, answer, random_maps, random_mask, write_masks
from weldon.errors import UsageError
from weldon.evaluation.tune_masks import MaskTuner, level_confusions, level_counts, strongest_cells
from weldon.inference.mask_settings import MaskSettings, draw_mask
from weldon.metrics import confusion_matrix


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("present", [(), (1,), (0, 1)])
def test_every_level_counts_the_mask_that_is_drawn_at_it(tmp_path, relative, present):
    masks = write_masks(tmp_path, a=random_mask(1))
    truth = masks.read("a.jpg", SIZE)
    here = answer(masks, "a", random_maps(1))
    levels = torch.tensor([0.1, 0.5, 0.9] if relative else [-0.5, 0.0, 0.8])
    counts = level_counts(here, present, truth, levels, labels=len(masks.labels), relative=relative)
    for level, confusion in zip(levels.tolist(), level_confusions(counts), strict=True):
        drawn = draw_mask(here.maps, list(present), GEOMETRY, MaskSettings(level, relative))
        wanted = confusion_matrix(torch.from_numpy(drawn), torch.from_numpy(truth), len(masks.labels))
        torch.testing.assert_close(confusion, wanted)


def test_the_strongest_cells_are_those_of_the_picture():
    """4 x 4 cells over a canvas of 32, the picture 24 x 16: three rows are at least half on it."""
    maps = torch.arange(32.0).reshape(2, 4, 4)
    assert strongest_cells(maps, GEOMETRY, relative=False).tolist() == [*range(16, 28)]
    assert strongest_cells(maps, GEOMETRY, relative=True).max() == 1.0


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
