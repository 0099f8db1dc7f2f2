"""mIoU counts pixels as they are drawn."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from reference.masks import CLASSES, GEOMETRY, SIZE, answer, random_maps, random_mask, write_masks
from weldon.evaluation.measures.masks import MaskMeasure, describe_masks
from weldon.inference.mask_settings import MaskSettings, draw_mask
from weldon.metrics import confusion_matrix
from weldon.void import VOID


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
    truth = masks.read("a.jpg", SIZE)
    wanted = confusion_matrix(torch.from_numpy(refined), torch.from_numpy(truth), len(masks.labels))
    torch.testing.assert_close(measure.confusions["iou_crf"].compute(), wanted)
    assert set(measure.figures().overall) >= {"miou", "miou_crf"}


def test_images_without_a_mask_are_left_out(write):
    masks = write(a=random_mask(0))
    measure = MaskMeasure(masks, MaskSettings(), lambda answer: [0])
    measure.update(answer(masks, "unlisted", random_maps(0)))
    assert measure.figures().overall["masks"] == 0


def test_an_image_that_comes_twice_counts_once(write):
    masks = write(a=random_mask(0))
    measure = MaskMeasure(masks, MaskSettings(), lambda answer: [0])
    for _ in range(2):
        measure.update(answer(masks, "a", random_maps(0)))
    known = random_mask(0) != VOID
    assert int(measure.confusions["iou"].compute().sum()) == known.sum()


def test_masks_are_described_as_they_were_drawn():
    used = {"background": -0.25, "relative": False, "labels": "true", "chosen_by": "list.txt"}
    said = "masks of the true classes; background -0.25 as a score (list.txt)"
    assert describe_masks({"segmentation": used}) == [said]
    refined = {**used, "crf": {"sharpness": 4.0, "colour_sigma": 13.0}}
    assert describe_masks({"segmentation": refined}) == [f"{said}; CRF sharpness 4, colour_sigma 13"]
    assert describe_masks({"map": 0.5}) == []
