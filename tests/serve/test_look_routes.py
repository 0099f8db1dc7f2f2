"""Look over HTTP: answers for pictures that are sent and for the run's own, and what is refused."""

from __future__ import annotations

import base64
import io
import time

import numpy as np
import pytest
from PIL import Image

from fixtures.dicom_files import write_dicom
from serve.conftest import HOME
from weldon.data.decode import allowing_pixels
from weldon.inference import load
from weldon.serve.access import open_door
from weldon.serve.served_run import open_served_run
from weldon.serve.server import build_app
from weldon.serve.state import State
from weldon.training import train

TestClient = pytest.importorskip("starlette.testclient").TestClient


def test_a_picture_as_the_body_is_answered_as_predict_answers(page, picture, run, scenes):
    answer = page.post("/api/predict", content=picture, headers={"x-file-name": "a/b.png"})
    (image,) = answer.json()["images"]
    result = load(run.path, device="cpu").predict_one(scenes / "val" / "00000.png")
    assert image["file_name"] == "b.png"
    assert (image["width"], image["height"]) == (result.width, result.height)
    assert image["labels"] == result.labels
    assert image["scores"] == pytest.approx(result.scores, abs=1e-5)
    assert set(image["points"]) == set(image["evidence"]) == set(result.shown)


def test_the_evidence_adds_up_to_the_score(page, picture):
    (image,) = page.post("/api/predict?class=1&class=8", content=picture).json()["images"]
    for name in ("1", "8"):
        evidence = image["evidence"][name]
        total = evidence["top_sum"] + evidence["low_sum"] + evidence["remainder"]
        assert total == pytest.approx(image["scores"][name], abs=1e-4)
        assert evidence["sentence"].startswith(name)


def test_files_of_a_form_are_answered_one_by_one_and_a_bad_one_spoils_none(page, picture):
    files = [
        ("image", ("good.png", picture)),
        ("image", ("bad.png", b"no picture")),
        ("image", ("c.png", picture)),
    ]
    answer = page.post("/api/predict", files=files)
    assert answer.status_code == 200
    good, bad, again = answer.json()["images"]
    assert good["scores"] == again["scores"]
    assert "bad.png" in bad["error"]


WINDOW = (-100.0, 300.0)


@pytest.fixture(scope="module")
def scan_run(tmp_path_factory):
    """A run on slices of which values from -100 to 300 are shown."""
    pytest.importorskip("pydicom")
    home, random = tmp_path_factory.mktemp("scans"), np.random.default_rng(0)
    for number in range(16):
        kind, values = ("bone", "none")[number % 2], random.integers(-90, 0, (40, 60)).astype(np.int16)
        if kind == "bone":
            values[10:20, 10 : 20 + number] = 250
        (home / "data" / kind).mkdir(parents=True, exist_ok=True)
        write_dicom(home / "data" / kind / f"{number}.dcm", values)
    tiny = {"model": "test_resnet", "weights": "none", "image_size": 64, "workers": 0, "progress": False}
    return train(
        home / "data",
        out=home / "run",
        cache=home / "cache",
        freeze=True,
        lr=0.1,
        epochs=1,
        window=WINDOW,
        **tiny,
    )


@pytest.fixture
def scan_page(scan_run, tmp_path):
    """The page of that run."""
    served = open_served_run(scan_run.path, corrections=tmp_path / "c.csv", device="cpu")
    with TestClient(build_app(State(served, None, "cpu"), open_door(None, None)), base_url=HOME) as client:
        served.images.wait()
        yield client


def grey_at(content: bytes, place: tuple[int, int]) -> int:
    return int(np.asarray(Image.open(io.BytesIO(content)).convert("L"))[place])


def grey_of(value: float) -> float:
    """How bright the window shows a value."""
    return 255 * (value - WINDOW[0]) / (WINDOW[1] - WINDOW[0])


def test_a_dicom_picture_of_the_run_is_shown_and_answered_in_its_window(scan_page, scan_run):
    listed = scan_page.get("/api/images").json()["images"]
    number = next(one["number"] for one in listed if one["file_name"].endswith("14.dcm"))
    copy = scan_page.get(f"/api/images/{number}/photo?side=160")
    assert (copy.status_code, copy.headers["content-type"]) == (200, "image/jpeg")
    assert grey_at(copy.content, (15, 20)) == pytest.approx(grey_of(250), abs=6)  # JPEG is inexact
    answered = scan_page.get(f"/api/images/{number}?parts=maps").json()
    path = scan_run.recipe.data / "bone" / "14.dcm"
    assert answered["scores"] == pytest.approx(load(scan_run.path).predict_one(path).scores, abs=1e-5)


def test_dicom_and_16_bits_that_are_sent_are_read_in_the_window_of_the_run(scan_page, scan_run, tmp_path):
    path = scan_run.recipe.data / "bone" / "14.dcm"
    expected = load(scan_run.path).predict_one(path)
    stream = io.BytesIO()
    deep = np.full((40, 60), 40, np.uint16)
    deep[10:20, 10:20] = 250
    Image.fromarray(deep).save(stream, "PNG")
    files = [("image", ("14.dcm", path.read_bytes())), ("image", ("deep.png", stream.getvalue()))]
    dicom, png = scan_page.post("/api/predict?parts=photo,points", files=files).json()["images"]
    assert dicom["scores"] == pytest.approx(expected.scores, abs=1e-5)
    (tmp_path / "deep.png").write_bytes(stream.getvalue())
    assert png["scores"] == pytest.approx(
        load(scan_run.path).predict_one(tmp_path / "deep.png").scores, abs=1e-5
    )
    for image, dark in ((dicom, None), (png, 40)):
        kind, content = image["photo"].split(",", 1)
        assert kind == "data:image/jpeg;base64"
        assert grey_at(base64.b64decode(content), (15, 15)) == pytest.approx(grey_of(250), abs=6)
        if dark is not None:
            assert grey_at(base64.b64decode(content), (35, 50)) == pytest.approx(grey_of(dark), abs=6)


def test_label_studio_is_answered_about_a_dicom_picture_of_the_run(scan_page):
    choices = "".join(f'<Choice value="{name}"/>' for name in ("bone", "none"))
    config = (
        '<View><Image name="image" value="$image"/>'
        f'<Choices name="c" toName="image">{choices}</Choices></View>'
    )
    task = {"id": 1, "data": {"image": "/data/local-files/?d=data/bone/14.dcm"}}
    asked = {"tasks": [task], "label_config": config, "params": {}}
    (found,) = scan_page.post("/predict", json=asked).json()["results"]
    assert found["result"][0]["value"]["choices"][0] in ("bone", "none")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_picture_is_refused_in_words(page, content):
    answer = page.post("/api/predict", content=content)
    assert answer.status_code == 422
    body = answer.json()
    assert body.get("error") or body["images"][0]["error"]


def test_more_pixels_than_allowed_are_refused_before_they_are_decoded(page):
    stream = io.BytesIO()
    Image.new("L", (2000, 2000)).save(stream, "PNG")
    with allowing_pixels(1_000_000):
        answer = page.post("/api/predict", content=stream.getvalue())
    assert answer.status_code == 422
    assert "4,000,000 pixels" in answer.json()["images"][0]["error"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("class=cat", "class must be one of"),
        ("versus=cat", "class must be"),
        ("parts=everything", "parts must be"),
    ],
)
def test_what_cannot_be_asked_lists_what_can(page, picture, query, words):
    answer = page.post(f"/api/predict?{query}", content=picture)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_maps_views_and_heat_maps_come_when_asked_for(page, picture):
    asked = "parts=maps,views,heatmaps&class=1&versus=7"
    (image,) = page.post(f"/api/predict?{asked}", content=picture).json()["images"]
    assert len(image["maps"]) == 6
    assert image["heatmaps"]["1"].startswith("data:image/png;base64,")
    assert image["views"]["1"]["map_uri"] == image["heatmaps"]["1"]
    assert "scores" in image["contests"]["1"]
    assert "evidence" not in image


def test_a_picture_of_the_run_is_found_by_number_and_by_nothing_else(page, scenes):
    listed = page.get("/api/images?folder=val&limit=2").json()
    assert listed["state"] in ("done", "working")
    page.state.used.images.wait()
    listed = page.get("/api/images?folder=val&limit=2").json()
    assert listed["total"] == 32
    first = listed["images"][0]
    answer = page.get(f"/api/images/{first['number']}").json()
    assert answer["file_name"] == first["file_name"] == "val/00000.png"
    photo = page.get(f"/api/images/{first['number']}/photo?side=160")
    assert photo.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(photo.content)).size == (56, 56)
    for path in ("/api/images/99999", "/api/images/99999/photo"):
        assert page.get(path).status_code == 400
    for path in (
        "/api/images/..%2f..%2fetc%2fpasswd",
        "/api/images/-1",
        "/static/..%2fapp.py",
        "/static/app.py",
    ):
        assert page.get(path).status_code == 404


def test_a_threshold_stands_for_the_probability_that_a_score_as_high_has(page, picture):
    page.state.used.curves.wait()
    (image,) = page.post("/api/predict", content=picture).json()["images"]
    decision = page.state.used.predictor.decision
    for name, curve in page.get("/api/thresholds").json()["classes"].items():
        at = curve["thresholds"].index(decision.thresholds[name])
        reported = image["probabilities"][name] >= curve["probabilities"][at] - 1e-6
        assert reported == (name in image["labels"])


def test_precision_and_recall_follow_once_the_validation_images_are_scored(page, run):
    for _ in range(200):
        found = page.get("/api/thresholds").json()
        if found["state"] in ("done", "failed"):
            break
        time.sleep(0.05)
    assert found["problem"] == ""
    own = page.get("/api/run").json()["thresholds"]
    for name, curve in found["classes"].items():
        assert own[name] in curve["thresholds"]
        assert curve["thresholds"] == sorted(curve["thresholds"])
        assert curve["recall"][0] in (1.0, None)
        assert curve["precision"][-1] is None
        assert curve["probabilities"] == sorted(curve["probabilities"])
        assert curve["predicted"] == sorted(curve["predicted"], reverse=True)


@pytest.mark.parametrize(
    "path", ["/api/images?offset=-1", "/api/images?limit=x", "/api/images/0/photo?side=9999"]
)
def test_counts_that_are_none_are_refused(page, path):
    page.state.used.images.wait()
    assert page.get(path).status_code == 400


def test_no_get_changes_anything_and_every_change_is_a_post(page):
    for path in ("/api/predict", "/setup", "/predict"):
        assert page.get(path).status_code == 405


def test_another_folder_of_pictures_joins_those_of_the_run(open_page, tmp_path):
    Image.new("RGB", (40, 30), "red").save(tmp_path / "new.png")
    page = open_page(photos=tmp_path)
    page.state.used.images.wait()
    last = page.get("/api/images?offset=88&limit=1").json()["images"][0]
    assert (last["file_name"], last["own"], len(last["unknown"])) == (f"{tmp_path.name}/new.png", False, 6)


def test_the_copy_of_a_tiff_is_made_from_its_parts(tmp_path, open_page):
    tifffile = pytest.importorskip("tifffile", reason="TIFF files are read by window with the extra large")
    tifffile.imwrite(tmp_path / "a.tif", np.full((900, 600, 3), 200, np.uint8), tile=(64, 64))
    page = open_page(photos=tmp_path)
    page.state.used.images.wait()
    number = page.get("/api/images").json()["total"] - 1
    photo = Image.open(io.BytesIO(page.get(f"/api/images/{number}/photo?side=320").content))
    assert photo.size == (213, 320)
    assert photo.getpixel((100, 100)) == (200, 200, 200)
