"""Label Studio asks the page for predictions, in the words of its own protocol."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from label_studio_server import label_studio

CONFIG = """<View><Image name="img" value="$photo"/>
<Choices name="what" toName="img"><Choice value="1"/><Choice value="8"/><Choice value="cat"/></Choices>
<RectangleLabels name="box" toName="img">
<Label value="1"/><Label value="7"/><Label value="8"/></RectangleLabels>
</View>"""
SDK = os.environ.get("WELDON_LABEL_STUDIO_SDK")  # python of an environment with label-studio-sdk
CHECK = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
from label_studio_sdk.label_interface.objects import PredictionValue
config, answer = json.load(sys.stdin)
interface = LabelInterface(config)
for prediction in answer["results"]:
    PredictionValue.model_validate(prediction)
    errors = interface.validate_prediction(prediction, return_errors=True)
    assert not errors, errors
print(len(answer["results"]))
"""


def tasks(*addresses: str) -> list[dict]:
    return [{"id": number, "data": {"photo": address}} for number, address in enumerate(addresses, 1)]


def test_health_and_setup_answer_as_a_model_does(page):
    assert page.get("/health").json()["status"] == "UP"
    answer = page.post("/setup", json={"project": "1.1", "schema": CONFIG, "hostname": "http://localhost"})
    assert answer.json() == {"model_version": "first"}


@pytest.mark.parametrize("schema", ["no xml", "<View/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><View>&b;</View>"])
def test_an_interface_that_cannot_be_filled_is_refused(page, schema):
    assert page.post("/setup", json={"schema": schema}).status_code == 422


@pytest.mark.parametrize(
    "address",
    [
        "/data/local-files/?d=photos/val/00000.png",
        "/data/local-files/?d=val%2F00000.png",
        "http://studio:8080/data/local-files/?d=a/b/val/00000.png",
    ],
)
def test_a_task_gets_the_boxes_and_choices_that_the_project_knows(page, address):
    answer = page.post(
        "/predict", json={"tasks": tasks(address), "label_config": CONFIG, "project": "1"}
    ).json()
    (prediction,) = answer["results"]
    assert prediction["model_version"] == answer["model_version"] == "first"
    assert {part["from_name"] for part in prediction["result"]} <= {"what", "box"}
    assert {part["to_name"] for part in prediction["result"]} <= {"img"}
    labels = {name for part in prediction["result"] for name in part["value"][part["type"]]}
    assert labels <= {"1", "7", "8"}


@pytest.mark.parametrize(
    "address",
    [
        "/data/local-files/?d=../../etc/passwd",
        "http://elsewhere/x.png",
        "s3://b/k.png",
        "",
        "data:image/png;base64,AA",
    ],
)
def test_a_picture_that_is_not_the_runs_gets_an_empty_prediction(page, address):
    (prediction,) = page.post("/predict", json={"tasks": tasks(address), "label_config": CONFIG}).json()[
        "results"
    ]
    assert prediction["result"] == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"tasks": 3}', b'{"tasks": [1]}', b'{"tasks": [], "label_config": 1}']
)
def test_what_is_no_request_of_label_studio_is_refused(page, body):
    assert page.post("/predict", content=body).status_code == 422


def test_predictions_come_in_the_order_of_the_tasks(page):
    asked = tasks("val/00000.png", "nothing.png", "val/00001.png")
    found = page.post("/predict", json={"tasks": asked, "label_config": CONFIG}).json()["results"]
    assert len(found) == 3
    assert found[1]["result"] == []


@pytest.mark.skipif(SDK is None, reason="WELDON_LABEL_STUDIO_SDK names no python with label-studio-sdk")
def test_the_sdk_of_label_studio_takes_every_prediction(page):
    asked = tasks(*(f"val/{number:05d}.png" for number in range(8)))
    answer = page.post("/predict", json={"tasks": asked, "label_config": CONFIG}).json()
    assert any(prediction["result"] for prediction in answer["results"])
    told = json.dumps([CONFIG, answer])
    done = subprocess.run(
        [str(Path(SDK)), "-c", CHECK], input=told, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("8", 0), done.stderr


@pytest.mark.slow
def test_a_real_label_studio_connects_the_page_as_a_model_and_keeps_its_predictions(run, scenes, tmp_path):
    program = os.environ.get("WELDON_LABEL_STUDIO")
    if program is None:
        pytest.skip("label-studio is not here: `make label-studio` installs it beside and runs this test")
    pytest.importorskip("uvicorn")
    from serve.live import LivePage

    page = LivePage(run.path, tmp_path / "c.csv")
    (tmp_path / "data").mkdir()
    try:
        with label_studio(program, scenes, tmp_path / "data") as studio:
            project = studio.open_project(CONFIG, scenes / "val")
            addresses = [{"photo": f"/data/local-files/?d=val/{number:05d}.png"} for number in range(3)]
            studio.ask(f"/api/projects/{project}/import", addresses)
            model = {"project": project, "url": page.address.rstrip("/"), "title": "weldon"}
            connected = studio.ask("/api/ml/", model)
            assert (connected["readable_state"], connected["model_version"]) == ("Connected", "first")
            ask = f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}"
            studio.ask(ask, {"selectedItems": {"all": True, "excluded": []}, "ordering": []})
            found = studio.ask(f"/api/predictions/?project={project}")
    finally:
        page.close()
        page.state.end()
    assert {one["model_version"] for one in found} == {"first"}
    assert len({one["task"] for one in found}) == 3
    marks = [mark for one in found for mark in one["result"]]
    assert {mark["from_name"] for mark in marks} <= {"what", "box"}
    assert all(mark["to_name"] == "img" for mark in marks)
    assert marks
