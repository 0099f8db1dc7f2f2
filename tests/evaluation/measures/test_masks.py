"""mIoU and PxAP count pixels as they are drawn."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from reference.masks import CLASSES, GEOMETRY, SIZE, answer, random_maps, random_mask, write_masks
from weldon.data.true_masks import IGNORED
from weldon.evaluation.measures import MaskMeasure, PixelMeasure
from weldon.evaluation.measures.masks import count_pixels
from weldon.inference.mask_settings import MaskSettings, draw_mask
from weldon.metrics import pixel_average_precision


@pytest.fixture
def write(tmp_path):
    """Return a function that writes masks."""
    return partial(write_masks, tmp_path)


def test_a_mask_measured_against_itself_is_whole(write):
    maps, settings = random_maps(0), MaskSettings(0.1, False)
    masks = write(a=draw_mask(maps, [0, 1], GEOMETRY, settings))
    measure = MaskMeasure(masks, settings, lambda answer: [0, 1])
    measure.update(answer(masks, "a", maps))
    figures = measure.figures()
    assert figures.overall["miou"] == 1.0
    assert figures.overall["miou_classes"] == ["background", *CLASSES]
    assert figures.per_class["cat"] == {"iou": 1.0}


def test_a_class_that_the_run_does_not_know_is_a_miss(write):
    truth = np.zeros(SIZE[::-1])
    truth[:, :12] = 3
    masks = write(a=truth)
    measure = MaskMeasure(masks, MaskSettings(), lambda answer: [])
    measure.update(answer(masks, "a", random_maps(0)))
    figures = measure.figures()
    assert figures.overall["background"] == {"iou": 0.5}
    assert figures.per_class["horse"] == {"iou": 0.0}
    assert figures.overall["miou"] == 0.25


def test_a_class_that_is_only_predicted_is_not_in_the_mean_but_costs_the_others(write):
    masks = write(a=np.zeros(SIZE[::-1]))
    measure = MaskMeasure(masks, MaskSettings(-100.0, False), lambda answer: [0])
    measure.update(answer(masks, "a", random_maps(0)))
    assert measure.figures().overall["miou_classes"] == ["background"]
    assert measure.figures().overall["miou"] == 0.0


def test_classes_in_few_masks_are_left_out_of_the_mean(write):
    half, other = np.zeros(SIZE[::-1]), np.zeros(SIZE[::-1])
    half[:, :9], other[:, :9] = 1, 2
    masks = write(a=half, b=other, c=half)
    measure = MaskMeasure(masks, MaskSettings(-100.0, False), lambda answer: [0], min_positives=2)
    for name in "abc":
        measure.update(answer(masks, name, random_maps(0)))
    assert measure.figures().overall["miou_classes"] == ["background", "cat"]


def test_refined_masks_are_measured_beside(write):
    masks = write(a=random_mask(0))
    settings = MaskSettings()
    measure = MaskMeasure(masks, settings, lambda answer: [0, 1], crf=True)
    here = answer(masks, "a", random_maps(0))
    measure.update(here)
    picture = Image.open(here.record.path)
    refined = draw_mask(here.maps, [0, 1], GEOMETRY, settings, image=picture)
    wanted = count_pixels(refined, masks.read("a.jpg", SIZE), len(masks.labels))
    torch.testing.assert_close(measure.confusions["iou_crf"], wanted)
    assert set(measure.figures().overall) >= {"miou", "miou_crf"}


def test_images_without_a_mask_are_left_out(write):
    masks = write(a=random_mask(0))
    measures = [MaskMeasure(masks, MaskSettings(), lambda answer: [0]), PixelMeasure(masks)]
    for measure in measures:
        measure.update(answer(masks, "unlisted", random_maps(0)))
    assert measures[0].figures().overall["masks"] == 0
    assert measures[1].figures().overall["pxap"] != measures[1].figures().overall["pxap"]


def test_pxap_is_that_of_all_pairs_together(write):
    from weldon.data import upsample_map
    from weldon.metrics import normalise_map

    drawn = {"a": np.zeros(SIZE[::-1]), "b": np.zeros(SIZE[::-1])}
    drawn["a"][2:9, 3:12], drawn["b"][:, :5], drawn["b"][:, 9:] = 1, 1, IGNORED
    masks = write(**drawn)
    measure = PixelMeasure(masks)
    maps = {name: random_maps(seed) for seed, name in enumerate(drawn)}
    for name in drawn:
        measure.update(answer(masks, name, maps[name]))
    claims = [normalise_map(upsample_map(maps[name][:1], GEOMETRY)[0]) for name in drawn]
    wanted = pixel_average_precision(claims, [torch.from_numpy(mask).long() for mask in drawn.values()])
    assert measure.figures().overall["pxap"] == pytest.approx(float(wanted), abs=1e-6)
    assert measure.figures().per_class["cat"]["pxap"] == pytest.approx(float(wanted), abs=1e-6)
