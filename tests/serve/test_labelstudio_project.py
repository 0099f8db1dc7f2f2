"""A labelling interface is read for its controls, whatever they are called."""

from __future__ import annotations

import pytest

from weldon.errors import DataError
from weldon.serve.labelstudio_project import read_project

CONFIG = """<View><Header value="Which?"/><Image name="img" value="$photo"/>
<View><RectangleLabels name="frame" toName="img"><Label value="cat"/></RectangleLabels></View>
<Choices name="what" toName="img"><Choice value="cat"/><Choice value="dog"/></Choices></View>"""


def part(kind: str, *labels: str) -> dict:
    return {"type": kind, "from_name": "labels", "to_name": "image", "value": {kind: list(labels)}}


def test_controls_are_found_at_any_depth_with_their_labels():
    project = read_project(CONFIG)
    assert {kind: control.name for kind, control in project.controls.items()} == {
        "rectanglelabels": "frame",
        "choices": "what",
    }
    assert project.controls["choices"].values == {"cat", "dog"}


def test_a_prediction_gets_the_names_of_the_project_and_loses_what_it_cannot_show():
    parts = [part("choices", "dog", "cow"), part("rectanglelabels", "dog"), part("keypointlabels", "cat")]
    (kept,) = read_project(CONFIG).fit({"result": parts, "score": 0.5})["result"]
    assert (kept["from_name"], kept["to_name"], kept["value"]["choices"]) == ("what", "img", ["dog"])


def test_the_picture_is_where_the_interface_says():
    task = {"data": {"photo": "a.jpg", "image": "b.jpg"}}
    assert read_project(CONFIG).picture(task) == "a.jpg"
    assert read_project(None).picture(task) == "b.jpg"
    assert read_project(CONFIG).picture({"data": {}}) is None
    assert read_project(CONFIG).picture({}) is None


@pytest.mark.parametrize("config", ["<View/>", "<Other/>", "no xml"])
def test_an_interface_without_a_control_we_can_fill_is_refused(config):
    with pytest.raises(DataError):
        read_project(config)
