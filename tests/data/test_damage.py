"""Whatever a label file holds, it is read or refused with our own error: never a traceback."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from weldon.data.labels import read_labels
from weldon.errors import WeldonError

often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

cells = st.sampled_from(
    ["a.png", "b.png", "1", "0", "", "?", "-1", "cat|dog", "[1]", "['", '"', "val", "x" * 50, "é"]
)
headers = st.sampled_from(["file_name", "labels", "split", "group", "weight", "cat", "", "dog", "image"])


def read_or_refused(path: Path) -> None:
    with contextlib.suppress(WeldonError):
        read_labels(path.parent, path)


@often
@given(st.binary(max_size=200))
@example(b"file_name,labels\n\xff\xfe")
@example(b"\xff\xfef")
@example(b"file_name\n")
@example(b'file_name,"cat\n')
def test_any_bytes_as_a_table(tmp_path, data):
    (tmp_path / "t.csv").write_bytes(data)
    read_or_refused(tmp_path / "t.csv")


@often
@given(
    st.lists(headers, min_size=1, max_size=6),
    st.lists(st.lists(cells, max_size=7), max_size=5),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_any_cells_in_a_table(tmp_path, photograph, header, rows, separator):
    photograph("a.png")
    text = "\n".join(separator.join(row) for row in (header, *rows))
    (tmp_path / "t.csv").write_text(text)
    read_or_refused(tmp_path / "t.csv")


KEYS = (
    *(
        "file_name",
        "labels",
        "images",
        "annotations",
        "categories",
        "id",
        "name",
        "bbox",
        "image_id",
        "split",
    ),
    *("category_id", "segmentation", "data", "image", "result", "type", "value", "choices"),
)

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["a.png", "cat", "choices", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@often
@given(documents, st.sampled_from([".jsonl", ".json"]))
def test_any_json_as_labels(tmp_path, document, suffix):
    path = tmp_path / f"t{suffix}"
    path.write_text(json.dumps(document) + "\n")
    read_or_refused(path)


COCO = {
    "images": [{"id": 1, "file_name": "a.png"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}],
    "categories": [{"id": 1, "name": "cat"}],
}
TASK = [
    {
        "data": {"image": "a.png"},
        "annotations": [
            {
                "result": [
                    {
                        "type": "rectanglelabels",
                        "original_width": 9,
                        "original_height": 9,
                        "value": {"x": 0, "y": 0, "width": 5, "height": 5, "rectanglelabels": ["cat"]},
                    }
                ]
            }
        ],
    }
]


def damaged(document):
    """Yield the document with each single value replaced by something else, or left out."""
    if isinstance(document, dict | list):
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in list(items):
            for part in (*damaged(value), None, "x", [], {}, -1):
                copy = dict(document) if isinstance(document, dict) else list(document)
                copy[key] = part
                yield copy
            if isinstance(document, dict):
                yield {other: value for other, value in document.items() if other != key}


@pytest.mark.parametrize("document", [COCO, TASK], ids=["coco", "labelstudio"])
def test_every_single_damage_to_an_annotation_file(tmp_path, photograph, document):
    photograph("a.png")
    path = tmp_path / "t.json"
    path.write_text(json.dumps(document))
    assert read_labels(tmp_path, path).classes == ("cat",)
    for broken in damaged(document):
        path.write_text(json.dumps(broken))
        read_or_refused(path)
