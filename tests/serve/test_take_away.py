"""Take away: the zip holds what `weldon predict` writes, the table what training reads."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path

import pytest
from PIL import Image

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


def addresses(parcel: zipfile.ZipFile) -> list[str]:
    tasks = json.loads(parcel.read("first-predictions/labelstudio/tasks.json"))
    return [task["data"]["image"].removeprefix("/data/local-files/?d=") for task in tasks]


def test_the_pictures_of_a_flat_folder_have_the_addresses_that_the_command_gives(
    open_page, run, tmp_path, capsys
):
    photos = tmp_path / "new"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (40, 30), "red").save(photos / name)
    page = open_page(photos=photos)
    ours = addresses(parcel_of(page, folder="new", formats=["labelstudio"]))
    told = page.get("/api/take").json()
    options = "--to labelstudio --points --device cpu"
    with pytest.raises(SystemExit):
        main(["predict", str(run.path), str(photos), "--out", str(tmp_path / "out"), *options.split()])
    theirs = json.loads((tmp_path / "out" / "labelstudio" / "tasks.json").read_text())
    assert ours == ["new/a.png", "new/b.png"]
    assert [f"/data/local-files/?d={one}" for one in ours] == [task["data"]["image"] for task in theirs]
    assert (told["root"], told["storages"]) == (str(tmp_path), [str(photos)])
    assert f"DOCUMENT_ROOT={told['root']}\n" in "".join(capsys.readouterr())


def test_all_pictures_lie_below_one_root_that_is_no_storage(open_page, scenes, tmp_path):
    photos = tmp_path / "new"
    photos.mkdir()
    Image.new("RGB", (40, 30), "red").save(photos / "00000.png")
    page = open_page(photos=photos)
    found = addresses(parcel_of(page, folder="", formats=["labelstudio"]))
    told = page.get("/api/take").json()
    root, storages = Path(told["root"]), [Path(one) for one in told["storages"]]
    assert set(storages) == {scenes, photos}
    assert root not in storages
    assert len(set(found)) == 89
    assert all((root / one).is_file() for one in found)


def test_without_label_studio_no_root_is_told(page):
    parcel_of(page, folder="test", formats=["coco"])
    told = page.get("/api/take").json()
    assert (told["root"], told["storages"]) == ("", [])
