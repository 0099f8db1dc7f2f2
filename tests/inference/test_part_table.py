"""Rows go into a part and come back; a part that is cut, strange or of another plan is never taken."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from weldon.errors import DataError
from weldon.inference.part_table import (
    columns,
    is_whole,
    list_rows,
    merge_parts,
    row_of,
    write_list,
    write_part,
)

CLASSES = ("cat", "dog")
ROW = {
    "file_name": "a.png",
    "width": 80,
    "height": 40,
    "labels": ["cat"],
    "scores": {"cat": 1.5, "dog": -2.0},
    "probabilities": {"cat": 0.75, "dog": 0.25},
    "skipped": None,
}
SCHEMA = columns(CLASSES, points=False, boxes=False)


def unread(name: str) -> dict:
    return {"file_name": name, "skipped": "no picture"}


@pytest.fixture
def part(tmp_path):
    write_part(tmp_path / "part.parquet", [ROW, unread("b.png")], SCHEMA, "key")
    return tmp_path / "part.parquet"


def test_rows_come_back_with_nothing_where_nothing_could_be_read(part):
    first, second = pq.ParquetFile(part).read().to_pylist()
    assert first == ROW
    assert second == {**dict.fromkeys(ROW), **unread("b.png")}


def test_columns_for_places_are_there_only_where_they_were_asked_for():
    names = [columns(CLASSES, points=p, boxes=b).names for p, b in ((False, False), (True, True))]
    assert names[0] == list(ROW)
    assert names[1] == [*list(ROW)[:-1], "points", "boxes", "skipped"]


def test_a_row_has_the_places_of_the_predicted_classes(predictor, photos):
    result = predictor.predict(photos / "p3.png")
    row = row_of(result, points=True, boxes=True, box_threshold=None)
    points = [(name, result.point(name)) for name in ("cat", "rolled-in/scale")]  # never a dog
    assert row["points"] == [{"label": name, "x": p.x, "y": p.y, "score": p.score} for name, p in points]
    boxes = [box for name, _ in points for box in result.boxes(name)]
    assert [(box["label"], box["x1"]) for box in row["boxes"]] == [(box.label, box.x1) for box in boxes]


def test_a_part_is_whole_with_its_rows_and_its_key_alone(part):
    assert is_whole(part, 2, "key")
    assert not is_whole(part, 3, "key")
    assert not is_whole(part.with_name("none.parquet"), 2, "key")
    with pytest.raises(DataError, match="other predictions: move it away"):
        is_whole(part, 2, "another key")


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b"PAR1", lambda b: b""])
def test_a_part_that_is_cut_is_done_again(part, damage):
    part.write_bytes(damage(part.read_bytes()))
    assert not is_whole(part, 2, "key")


def test_a_part_takes_the_place_of_drafts_that_were_left(part):
    left = part.with_name(f".{part.name}.999.part")
    left.write_bytes(b"half")
    write_part(part, [ROW], SCHEMA, "key")
    assert not left.exists()
    assert is_whole(part, 1, "key")


def test_the_list_is_read_back_group_by_group(tmp_path):
    images = [(f"/x/{n}.png", f"{n}.png") for n in range(5)]
    write_list(tmp_path / "images.parquet", images, 2)
    groups = [list_rows(tmp_path / "images.parquet", number, rows) for number, rows in enumerate((2, 2, 1))]
    assert [image for group in groups for image in group] == images
    with pytest.raises(DataError, match="has 1 images in group 2, 2 were listed"):
        list_rows(tmp_path / "images.parquet", 2, 2)
    (tmp_path / "images.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="damaged: begin again in another folder"):
        list_rows(tmp_path / "images.parquet", 0, 2)


def test_parts_are_joined_in_the_order_of_the_list_and_each_is_checked(part, tmp_path):
    other = tmp_path / "other.parquet"
    write_part(other, [unread("c.png")], SCHEMA, "key")
    whole = tmp_path / "all.parquet"
    merge_parts(whole, [(other, ["c.png"]), (part, ["a.png", "b.png"])], SCHEMA, "key")
    with pq.ParquetFile(whole) as file:
        assert file.read().column("file_name").to_pylist() == ["c.png", "a.png", "b.png"]
        assert file.schema_arrow.metadata[b"weldon"] == b"key"
    before = whole.read_bytes()
    with pytest.raises(DataError, match=r"other\.parquet does not hold its images: remove it"):
        merge_parts(whole, [(other, ["d.png"])], SCHEMA, "key")
    assert whole.read_bytes() == before
