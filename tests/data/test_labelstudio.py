"""Label Studio: what its import demands, and what its exports hold."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from weldon.data.annotation import ImageAnnotation, Keypoint
from weldon.data.labels import read_labels
from weldon.data.labelstudio import write_labelstudio
from weldon.data.labelstudio_export import file_name_of, read_labelstudio
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


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/data/local-files/?d=photos/a%20b.jpg", "photos/a b.jpg"),
        ("/data/upload/12/0a1b2c3d-plate_1.jpg", "plate_1.jpg"),
        ("/data/upload/0a1b2c3d-plate_1.jpg", "plate_1.jpg"),
        ("s3://bucket/folder/a.jpg", "folder/a.jpg"),
        ("https://host/x/a%20b.jpg?token=1", "x/a b.jpg"),
        ("a b.jpg", "a b.jpg"),
        ("C:\\data\\a.jpg", "C:\\data\\a.jpg"),
    ],
)
def test_urls_name_files(url, name):
    assert file_name_of(url) == name


def region(label: str, **value) -> dict:
    return {
        "type": "rectanglelabels",
        "original_width": 200,
        "original_height": 100,
        "value": {
            "x": 10,
            "y": 10,
            "width": 20,
            "height": 40,
            "rotation": 0,
            "rectanglelabels": [label],
            **value,
        },
    }


def chosen(*labels: str) -> dict:
    return {"type": "choices", "value": {"choices": list(labels)}}


def export(tmp_path, *content) -> str:
    (tmp_path / "export.json").write_text(json.dumps(content))
    return tmp_path / "export.json"


def test_labels_come_from_choices_and_rectangles(tmp_path, photograph):
    for name in "abc":
        photograph(f"{name}.png")
    path = export(
        tmp_path,
        {
            "id": 1,
            "data": {"image": "/data/upload/1/0a1b2c3d-a.png"},
            "annotations": [{"result": [region("dog")]}],
        },
        {
            "id": 2,
            "data": {"image": "deep/other/machine/b.png"},
            "annotations": [{"result": [chosen("cat", "dog")]}],
        },
        {"id": 3, "data": {"picture": "c.png", "text": "x"}, "annotations": [{"result": []}]},
        {"id": 4, "data": {"image": "d.png"}, "annotations": []},
        {
            "id": 5,
            "data": {"image": "e.png"},
            "annotations": [{"result": [chosen("cat")], "was_cancelled": True}],
        },
    )
    found = read_labels(tmp_path, path)
    assert found.form == "labelstudio"
    assert found.classes == ("cat", "dog")
    assert [sorted(record.labels) for record in found.records] == [["dog"], ["cat", "dog"], []]
    assert found.records[0].boxes == (Box("dog", 20, 10, 60, 50),)
    assert any("2 of 5 tasks are not annotated" in note for note in found.notes)


def test_what_two_people_disagree_on_is_unknown(tmp_path):
    path = export(
        tmp_path,
        {
            "data": {"image": "a.png"},
            "annotations": [{"result": [chosen("cat", "dog")]}, {"result": [chosen("cat")]}],
        },
        {
            "data": {"image": "b.png"},
            "annotations": [{"result": [chosen("cat")]}, {"result": [chosen("dog")], "ground_truth": True}],
        },
    )
    first, second = read_labelstudio(path).images
    assert (first.labels, first.unknown) == (("cat",), ("dog",))
    assert (second.labels, second.unknown) == (("dog",), ())


def test_a_turned_rectangle_gives_the_box_around_it(tmp_path):
    path = export(
        tmp_path, {"data": {"image": "a.png"}, "annotations": [{"result": [region("dog", rotation=90)]}]}
    )
    (box,) = read_labelstudio(path).images[0].boxes
    # 40 x 40 pixels from (20, 10), turned clockwise by a quarter about that corner
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx((-20, 10, 20, 50))


def test_the_small_export_reads_too(tmp_path):
    mark = {**region("dog")["value"], "original_width": 200, "original_height": 100}
    path = export(
        tmp_path,
        {"id": 1, "image": "/data/upload/1/0a1b2c3d-a.png", "boxes": [mark], "choice": "cat", "annotator": 1},
        {"id": 2, "image": "b.png", "labels": {"choices": ["cat", "dog"]}, "annotator": 1},
    )
    first, second = read_labelstudio(path).images
    assert first.boxes == (Box("dog", 20, 10, 60, 50),)
    assert first.named == {"cat", "dog"}
    assert second.labels == ("cat", "dog")


def test_tasks_without_an_image_are_listed(tmp_path):
    with pytest.raises(DataError, match="task 7: no image"):
        read_labelstudio(export(tmp_path, {"id": 7, "data": {"text": "hello"}, "annotations": []}))


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
