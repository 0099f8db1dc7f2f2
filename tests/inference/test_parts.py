"""A share of a plan is predicted part by part; what is there is left, what is missing is named."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from weldon.errors import DataError
from weldon.inference.part_plan import planned, read_shard
from weldon.inference.parts import Columns, Done, merge, missing_parts, predict_parts
from weldon.runs.run_directory import RunDirectory


@pytest.fixture
def opened(make_run, predictor, photos, tmp_path):
    """A plan of seven images, three a part, and its locks."""
    with planned(tmp_path / "out", RunDirectory(make_run("other")), [str(photos)], {}, 3) as found:
        yield found


def test_a_share_writes_its_parts_and_says_what_it_did(opened, predictor):
    behind = []
    done = predict_parts(*opened, read_shard("1/2"), predictor, Columns(), progress=behind.append)
    assert done == Done(images=4, written=2)
    assert behind == [3, 1]
    assert missing_parts(opened[0]) == [1]


def test_what_is_there_is_left_and_the_rest_is_written(opened, predictor):
    predict_parts(*opened, read_shard("2/3"), predictor, Columns())
    assert predict_parts(*opened, read_shard("1/1"), predictor, Columns()) == Done(4, 0, 2, found=1)
    assert missing_parts(opened[0]) == []


def test_an_image_that_cannot_be_read_is_counted_and_keeps_its_row(opened, predictor, photos):
    (photos / "p1.png").write_bytes(b"no picture")
    plan = opened[0]
    assert predict_parts(*opened, read_shard("1/1"), predictor, Columns()).skipped == 1
    with pq.ParquetFile(merge(*opened, predictor.classes, Columns())) as file:
        rows = file.read().to_pylist()
    assert [row["file_name"] for row in rows] == [i.file_name for n in range(3) for i in plan.named(n)]
    assert [row["file_name"] for row in rows if row["skipped"]] == ["p1.png"]


def test_parts_that_are_missing_are_named_before_anything_is_merged(opened, predictor):
    predict_parts(*opened, read_shard("1/2"), predictor, Columns())
    with pytest.raises(DataError, match=r"1 of 3 parts are missing in .*\(number 1\)"):
        merge(*opened, predictor.classes, Columns())
    assert not opened[0].merged.exists()
