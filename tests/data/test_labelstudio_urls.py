"""Addresses of images in Label Studio name files."""

from __future__ import annotations

import pytest

from weldon.data.labelstudio_urls import file_name_of, image_url, uploaded_name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/data/local-files/?d=photos/a%20b.jpg", "photos/a b.jpg"),
        ("/data/upload/12/0a1b2c3d-plate_1.jpg", "0a1b2c3d-plate_1.jpg"),
        ("/data/upload/0a1b2c3d-plate_1.jpg", "0a1b2c3d-plate_1.jpg"),
        ("http://[a.jpg", "http://[a.jpg"),
        ("/data/upload/", "/data/upload/"),
        ("s3://bucket/folder/a.jpg", "folder/a.jpg"),
        ("https://host/x/a%20b.jpg?token=1", "x/a b.jpg"),
        ("a b.jpg", "a b.jpg"),
        ("C:\\data\\a.jpg", "C:\\data\\a.jpg"),
    ],
)
def test_urls_name_files(url, name):
    assert file_name_of(url) == name


def test_an_upload_had_a_name_before():
    assert uploaded_name("day/0a1b2c3d-a.jpg") == "day/a.jpg"
    for same in ("0a1b2c3-a.jpg", "0a1b2c3g-a.jpg", "0a1b2c3d-", "a.jpg", ""):
        assert uploaded_name(same) == same


def test_the_image_of_a_task_is_found_under_any_name():
    assert image_url({"text": "a", "photo": "/data/upload/a.JPG"}) == "/data/upload/a.JPG"
    assert image_url({"image": "x", "photo": "a.jpg"}) == "x"
    assert image_url({"image": 3, "text": "a"}) is None
