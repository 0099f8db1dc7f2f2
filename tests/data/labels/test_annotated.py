"""Uploads are found under the name Label Studio stores them by, or the one they had."""

from __future__ import annotations

import json

import pytest

from weldon.data.labels import read_labels
from weldon.errors import DataError


@pytest.fixture
def export(tmp_path):
    """Write an export of uploads, with a choice each."""

    def write(**choices):
        tasks = [
            {
                "id": number,
                "data": {"image": f"/data/upload/1/{name}.png"},
                "annotations": [{"result": [{"type": "choices", "value": {"choices": [label]}}]}],
            }
            for number, (name, label) in enumerate(choices.items())
        ]
        (tmp_path / "e.json").write_text(json.dumps(tasks))
        return lambda: read_labels(tmp_path, tmp_path / "e.json")

    return write


TWO = {"0a1b2c30-p": "cat", "0a1b2c31-p": "dog"}


@pytest.mark.parametrize("name", ["0a1b2c30-p.png", "p.png", "images/0a1b2c30-p.png"])
def test_an_upload_is_found_under_either_name(export, photograph, name):
    photograph(name)
    (record,) = export(**{"0a1b2c30-p": "cat"})().records
    assert record.labels == {"cat"}


def test_two_uploads_of_one_name_stay_two_images(export, photograph):
    photograph("0a1b2c30-p.png"), photograph("0a1b2c31-p.png")
    assert [record.labels for record in export(**TWO)().records] == [{"cat"}, {"dog"}]


@pytest.mark.parametrize("other", ["cat", "dog"])
def test_two_uploads_that_are_found_as_one_file_are_refused(export, photograph, other):
    photograph("p.png")
    with pytest.raises(DataError, match=r"'0a1b2c30-p\.png' and '0a1b2c31-p\.png' are all found as .*p\.png"):
        export(**(TWO | {"0a1b2c31-p": other}))()


def test_equal_names_in_two_folders_that_are_one_file_are_refused(tmp_path, photograph):
    photograph("6.png")
    images = [{"id": number, "file_name": f"{folder}/6.png"} for number, folder in enumerate("ab")]
    marks = [{"id": number, "image_id": number, "category_id": 1} for number in range(2)]
    content = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "c.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"'a/6\.png' and 'b/6\.png' are all found as"):
        read_labels(tmp_path, tmp_path / "c.json")
