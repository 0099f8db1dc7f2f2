"""Settings that were tuned are kept with the images that chose them, and are of their types."""

from __future__ import annotations

import json

import pytest

from weldon.errors import DataError
from weldon.runs.checked_json import read_stored
from weldon.runs.tuned_files import Localisation, Segmentation, write_tuned


def written(tmp_path, values) -> object:
    path = tmp_path / "some.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


@pytest.mark.parametrize("share", [0, 1, 1.5, True, "0.5", None])
def test_a_share_lies_between_nothing_and_all(tmp_path, share):
    with pytest.raises(DataError, match=r"some\.json is not as weldon writes it.*\n  box_threshold"):
        read_stored(Localisation, written(tmp_path, {"box_threshold": share}))


@pytest.mark.parametrize("number", [float("inf"), "1", True, [1.0]])
def test_a_background_is_a_finite_number(tmp_path, number):
    values = {"background": number, "relative": True, "crf": {}}
    with pytest.raises(DataError, match=r"\n  background"):
        read_stored(Segmentation, written(tmp_path, values))


def test_images_that_chose_a_setting_are_names(tmp_path):
    values = {"box_threshold": 0.5, "tuned_on": {"data": "photos", "images": ["a.jpg", 3]}}
    with pytest.raises(DataError, match=r"\n  tuned_on\.images\.1"):
        read_stored(Localisation, written(tmp_path, values))


def test_settings_are_read_back_with_the_images_that_chose_them(tmp_path):
    path = tmp_path / "localisation.json"
    write_tuned(path, {"box_threshold": 0.25}, source="val", data=tmp_path, images=["b.jpg", "a.jpg"])
    assert read_stored(Localisation, path) == {
        "box_threshold": 0.25,
        "tuned_on": {"source": "val", "data": str(tmp_path.resolve()), "images": ["a.jpg", "b.jpg"]},
    }
