"""Take away over HTTP: what is ordered, the labels as corrected, and the report in a sandbox."""

from __future__ import annotations

import pytest
from PIL import Image

from weldon.data import read_labels


@pytest.mark.parametrize(
    "order",
    [
        {"folder": "../.."},
        {"folder": 3},
        {"formats": ["pdf"]},
        {"formats": "coco"},
        {"thresholds": {"cat": 1}},
        {"thresholds": {"1": "x"}},
    ],
)
def test_what_cannot_be_ordered_is_refused(page, order):
    assert page.post("/api/take", json=order).status_code == 400
    assert page.get("/api/take/file").status_code == 404


def test_the_corrected_table_is_read_back_as_the_page_shows_it(page, scenes, tmp_path):
    page.state.used.book.wait()
    item = page.get("/api/queue?kind=folder&folder=val&limit=1").json()["items"][0]
    change = {"number": item["number"], "class": "8", "from": item["labels"]["8"], "to": "unknown"}
    assert page.get("/api/corrections.csv").status_code == 404
    page.post("/api/corrections", json=change)
    table = tmp_path / "corrected.csv"
    table.write_bytes(page.get("/api/labels.csv").content)
    read = {record.file_name: record for record in read_labels(scenes, table).records}
    assert read[item["file_name"]].unknown == {"8"}
    original = {record.file_name: record for record in read_labels(scenes, scenes / "labels.csv").records}
    for name, record in original.items():
        assert read[name].split == record.split
        assert read[name].labels == record.labels - read[name].unknown
    assert b"file,class,from,to" in page.get("/api/corrections.csv").content


def test_the_report_opens_in_a_sandbox(page, run):
    from weldon.report import write_report

    missing = page.get("/report")
    write_report(run, device="cpu")
    answer = page.get("/report")
    assert missing.status_code in (200, 404)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in answer.headers["content-security-policy"]


def test_the_folder_of_new_pictures_is_listed_and_can_be_ordered(open_page, tmp_path):
    photos = tmp_path / "new"
    photos.mkdir()
    Image.new("RGB", (40, 30), "red").save(photos / "a.png")
    page = open_page(photos=photos)
    page.state.used.images.wait()
    told = page.get("/api/folders").json()
    assert told["joined"] == "new"
    assert {"folder": "new", "images": 1} in told["folders"]
    assert page.post("/api/take", json={"folder": "new"}).json()["total"] == 1
    assert str(photos) in page.get("/").text


def test_without_new_pictures_no_folder_of_them_is_told(page):
    page.state.used.images.wait()
    assert page.get("/api/folders").json()["joined"] == ""
    assert "--photos FOLDER" in page.get("/").text
