"""What `weldon val` chose on declared masks is what a run's masks are drawn with."""

from __future__ import annotations

import json

import numpy as np
import pytest

from weldon.crf.parameters import CRFParameters
from weldon.errors import DataError, UsageError
from weldon.inference import load
from weldon.inference.mask_settings import MaskSettings, Refinement, mask_settings_from_json
from weldon.inference.settings import read_mask_settings
from weldon.runs.run_directory import RunDirectory

CHOSEN = MaskSettings(-0.25, False, Refinement(0.5, 4.0, CRFParameters(colour_sigma=5.0, iterations=2)))


def test_stored_settings_are_read_back(tmp_path):
    run = RunDirectory(tmp_path)
    assert read_mask_settings(run) == MaskSettings()
    run.segmentation.write_text(
        json.dumps(CHOSEN.to_json() | {"tuned_on": {"data": "photos", "images": ["a.jpg"]}})
    )
    assert read_mask_settings(run) == CHOSEN


@pytest.mark.parametrize(
    "broken", ['{"background": 0.5}', "[]", "{", '{"background": 1, "relative": true, "crf": {}}']
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, broken):
    run = RunDirectory(tmp_path)
    run.segmentation.write_text(broken)
    with pytest.raises(DataError, match=r"segmentation\.json"):
        read_mask_settings(run)


def test_an_unknown_crf_parameter_in_the_file_is_refused():
    stored = CHOSEN.to_json()
    stored["crf"]["colour"] = 3
    with pytest.raises(DataError, match="colour"):
        mask_settings_from_json(stored, source="segmentation.json")


def test_what_is_not_asked_for_stays():
    assert CHOSEN.changed(background=None, relative=None, crf={}) == CHOSEN
    changed = CHOSEN.changed(background=0.1, relative=True, crf={"sharpness": 9.0, "iterations": 0})
    assert (changed.background, changed.refinement.background, changed.relative) == (0.1, 0.1, True)
    assert changed.refinement.options == CHOSEN.refinement.options | {"sharpness": 9.0, "iterations": 0}


def test_another_scale_needs_a_background_of_its_own():
    with pytest.raises(UsageError, match="background must be given with relative=True"):
        CHOSEN.changed(background=None, relative=True, crf={})


def test_an_unknown_option_of_the_crf_lists_the_choices():
    with pytest.raises(UsageError, match=r"sharpness.*iterations, got colour"):
        CHOSEN.changed(background=None, relative=None, crf={"colour": 3})


def test_masks_and_boxes_of_a_run_follow_its_files(make_run, photos):
    path = make_run()
    before = load(path, device="cpu").predict(photos / "p3.png")
    run = RunDirectory(path)
    run.segmentation.write_text(json.dumps(MaskSettings(background=0.8).to_json()))
    run.localisation.write_text('{"box_threshold": 0.8}')
    after = load(path, device="cpu").predict(photos / "p3.png")
    assert after.labels
    np.testing.assert_array_equal(after.mask(), before.mask(background=0.8))
    assert not np.array_equal(after.mask(), before.mask())
    assert after.boxes("cat") == before.boxes("cat", threshold=0.8) != before.boxes("cat")
