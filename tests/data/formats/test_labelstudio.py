"""Label Studio: what its import demands, and what its exports hold."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from weldon.data.formats.annotation import ImageAnnotation, Keypoint
from weldon.data.formats.labelstudio import write_labelstudio
from weldon.data.record import Box
from weldon.errors import DataError

CLASSES = ("cat", "dog & co")

# The fields that Label Studio's documentation demands of imported predictions ("Import pre-annotated data").
PERCENT = {"type": "number", "minimum": 0, "maximum": 100}
VALUES = {
    "rectanglelabels": {"required": ["x", "y", "width", "height", "rotation", "rectanglelabels"]},
    "keypointlabels": {"required": ["x", "y", "width", "keypointlabels"]},
    "polygonlabels": {"required": ["points", "closed", "polygonlabels"]},
    "choices": {"required": ["choices"]},
}
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["data", "predictions"],
        "properties": {
            "data": {"type": "object", "required": ["image"], "properties": {"image": {"type": "string"}}},
            "predictions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["model_version", "result"],
                    "properties": {
                        "score": {"type": "number"},
                        "result": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["id", "type", "from_name", "to_name", "value"],
                                "properties": {
                                    "id": {"type": "string"},
                                    "type": {"enum": list(VALUES)},
                                    "original_width": {"type": "integer", "minimum": 1},
                                    "original_height": {"type": "integer", "minimum": 1},
                                    "value": {
                                        "properties": dict.fromkeys(("x", "y", "width", "height"), PERCENT)
                                    },
                                },
                                "allOf": [
                                    {
                                        "if": {"properties": {"type": {"const": kind}}},
                                        "then": {"properties": {"value": value}},
                                    }
                                    for kind, value in VALUES.items()
                                ],
                            },
                        },
                    },
                },
            },
        },
    },
}


@pytest.fixture
def images() -> list[ImageAnnotation]:
    mask = np.zeros((50, 200), dtype=np.uint8)
    mask[10:20, 20:60] = 2
    return [
        ImageAnnotation(
            "a b/ü.jpg",
            200,
            50,
            boxes=(Box("cat", 20, 10, 120, 35, 0.75),),
            labels=("cat", "dog & co"),
            scores={"cat": 0.5, "dog & co": 0.25},
            points=(Keypoint("cat", 100, 25, 0.5),),
            mask=mask,
        ),
        ImageAnnotation("plain.jpg", 10, 10),
    ]


def tasks(folder) -> list[dict]:
    return json.loads((folder / "tasks.json").read_text())


def test_tasks_have_the_documented_form(tmp_path, images):
    jsonschema = pytest.importorskip("jsonschema")
    write_labelstudio(tmp_path, images, CLASSES)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(tasks(tmp_path), SCHEMA)


def test_places_are_percent_of_the_upright_image(tmp_path, images):
    write_labelstudio(tmp_path, images, CLASSES, model_version="run 7")
    first, second = tasks(tmp_path)
    assert first["data"]["image"] == "/data/local-files/?d=a%20b/%C3%BC.jpg"
    (prediction,) = first["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("run 7", 0.75)
    choices, box, point, polygon = prediction["result"]
    assert choices["value"] == {"choices": ["cat", "dog & co"]}
    assert box["value"] == {
        "x": 10,
        "y": 20,
        "width": 50,
        "height": 50,
        "rotation": 0,
        "rectanglelabels": ["cat"],
    }
    assert (box["original_width"], box["original_height"], box["image_rotation"]) == (200, 50, 0)
    assert (point["value"]["x"], point["value"]["y"]) == (50, 50)
    assert polygon["value"]["points"] == [[10, 20], [30, 20], [30, 40], [10, 40]]
    assert polygon["score"] == 0.25
    assert second["predictions"][0]["result"] == []
    ids = [part["id"] for task in (first, second) for part in task["predictions"][0]["result"]]
    assert len(set(ids)) == len(ids)


def test_the_interface_matches_the_predictions(tmp_path, images):
    write_labelstudio(tmp_path, images, CLASSES)
    view = ET.parse(tmp_path / "label_config.xml").getroot()
    controls = {tag.get("name"): tag for tag in view if tag.get("toName") == "image"}
    assert view.find("Image").attrib["value"] == "$image"
    assert view.find("Image").attrib["name"] == "image"
    for part in tasks(tmp_path)[0]["predictions"][0]["result"]:
        control = controls[part["from_name"]]
        assert control.tag.lower() == part["type"]
        offered = {choice.get("value") for choice in control}
        assert set(part["value"][part["type"]]) <= offered
    assert controls["labels"].get("choice") == "multiple"


def test_only_the_controls_in_use_are_shown(tmp_path, images):
    write_labelstudio(tmp_path, images[1:], CLASSES)
    assert [tag.tag for tag in ET.parse(tmp_path / "label_config.xml").getroot()] == ["Image", "Choices"]


def test_images_may_be_served_from_elsewhere(tmp_path, images):
    write_labelstudio(tmp_path, images, CLASSES, prefix="https://host/x/")
    assert tasks(tmp_path)[0]["data"]["image"] == "https://host/x/a%20b/%C3%BC.jpg"


def test_marks_on_an_image_of_unknown_size_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"a\.jpg has marks but no size"):
        write_labelstudio(tmp_path, [ImageAnnotation("a.jpg", 0, 0, (Box("cat", 0, 0, 1, 1),))], CLASSES)


@pytest.mark.slow
def test_the_validator_of_label_studio_accepts_it(tmp_path, images):
    interface = pytest.importorskip(
        "label_studio_sdk.label_interface", reason="label-studio-sdk is not installed"
    )
    write_labelstudio(tmp_path, images, CLASSES)
    view = interface.LabelInterface((tmp_path / "label_config.xml").read_text())
    view.validate()
    for task in tasks(tmp_path):
        assert view.validate_task({"data": task["data"]})
        for prediction in task["predictions"]:
            assert view.validate_prediction(prediction)
