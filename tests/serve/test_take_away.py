"""Take away: the zip holds what `weldon predict` writes, the table what training reads."""

from __future__ import annotations

import io
import json
import time
import zipfile

import pytest

from weldon.cli import main


def parcel_of(page, **order) -> zipfile.ZipFile:
    answer = page.post("/api/take", json=order)
    assert answer.status_code == 200, answer.text
    for _ in range(600):
        found = page.get("/api/take").json()
        if found["state"] != "working":
            break
        time.sleep(0.05)
    assert (found["state"], found["problem"]) == ("done", "")
    return zipfile.ZipFile(io.BytesIO(page.get("/api/take/file").content))


def test_the_zip_holds_what_the_command_writes(page, run, scenes, tmp_path):
    formats = ["coco", "labelstudio", "cvat", "yolo", "voc"]
    parcel = parcel_of(page, folder="test", formats=formats)
    out = tmp_path / "out"
    arguments = [
        "predict",
        str(run.path),
        str(scenes),
        "--out",
        str(out),
        "--points",
        "--boxes",
        "--device",
        "cpu",
    ]
    with pytest.raises(SystemExit):
        main([*arguments, "--to", ",".join(formats)])
    names = set(parcel.namelist())
    assert {
        f"first-predictions/{name}" for name in ("predictions.csv", "coco.json", "labelstudio/tasks.json")
    } <= names
    ours = json.loads(parcel.read("first-predictions/coco.json"))
    theirs = json.loads((out / "coco.json").read_text())
    wanted = [image["file_name"] for image in theirs["images"] if image["file_name"].startswith("test/")]
    assert [image["file_name"] for image in ours["images"]] == wanted
    shown = {image["id"]: image["file_name"] for image in theirs["images"]}
    boxes = [box["bbox"] for box in theirs["annotations"] if shown[box["image_id"]].startswith("test/")]
    assert [box["bbox"] for box in ours["annotations"]] == boxes


def test_moved_thresholds_move_the_predictions(page):
    never = dict.fromkeys(page.get("/api/run").json()["classes"], 1000000.0)
    parcel = parcel_of(page, folder="test", formats=[], thresholds=never)
    rows = parcel.read("first-predictions/predictions.csv").decode().splitlines()
    assert {row.split(",")[4] for row in rows[1:]} == {"0"}


def test_a_picture_that_cannot_be_read_is_listed_and_spoils_nothing(open_page, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "broken.png").write_bytes(b"no picture")
    page = open_page(photos=tmp_path / "more")
    parcel = parcel_of(page, folder="", formats=["coco"])
    assert "broken.png" in parcel.read("first-predictions/skipped.csv").decode()
    assert page.get("/api/take").json()["done"] == 88
