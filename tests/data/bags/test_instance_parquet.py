"""Parquet cells of every type are read as numbers or named with their row; a bag's number is one name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from weldon.data.bags import bag_array as array_size
from weldon.data.bags.instance_parquet import read_parquet_instances
from weldon.errors import DataError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def read(tmp_path, **columns):
    path = tmp_path / "b.parquet"
    pq.write_table(pa.table({"bag": ["x", "x", "y"]} | columns), path)
    return read_parquet_instances(path)


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.decimal128(25, 1)],
)
def test_numbers_of_every_type_are_read(tmp_path, kind):
    values = [np.float16(n) for n in (1, 3, 2)] if kind == pa.float16() else [1, 3, 2]
    assert read(tmp_path, u=pa.array(values).cast(kind)).values.tolist() == [[1], [3], [2]]


def test_dictionary_columns_and_booleans_are_read(tmp_path):
    found = read(tmp_path, bag=pa.array(["x", "x", "y"]).dictionary_encode(), u=pa.array([True, False, True]))
    assert (found.ids.tolist(), found.values.tolist()) == (["x", "x", "y"], [[1], [0], [1]])
    assert read(tmp_path, u=pa.array([1.5, 2.5, 1.5]).dictionary_encode()).values.tolist() == [
        [1.5],
        [2.5],
        [1.5],
    ]


@pytest.mark.parametrize("bags", [[7, 7, 8], [7.0, 7.0, 8.0], ["7", "7", "8"], [b"7", b"7", b"8"]])
def test_a_number_of_a_bag_is_one_name_as_text_integer_or_float(tmp_path, bags):
    assert read(tmp_path, bag=bags, u=[1, 3, 2]).ids.tolist() == ["7", "7", "8"]


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.float32(), 2)]
)
def test_lists_are_the_features_of_a_row_and_have_no_names(tmp_path, kind):
    found = read(tmp_path, f=pa.array([[1, 2], [3, 4], [5, 6]], type=kind))
    assert (found.values.tolist(), found.names) == ([[1, 2], [3, 4], [5, 6]], None)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ([[1.0, 2.0], None, [1.0, 2.0]], "row 2, column 'u': no list"),
        ([[1.0, 2.0], [1.0, None], [1.0, 2.0]], "row 2, column 'u': a list with an empty place"),
        ([[1.0, 2.0], [1.0, 2.0], [1.0]], "row 3: 1 features where the first row has 2"),
        ([[1.0, 2.0], [1.0, float("inf")], [1.0, 2.0]], "row 2: a feature that is not a finite number"),
        ([[], [], []], "a list without a feature"),
        ([[[1.0]], [[1.0]], [[2.0]]], "lists of list"),
        ([["a"], ["b"], ["c"]], "lists of text"),
        ([1.0, None, 2.0], "row 2, column 'u': no value"),
        ([1.0, float("nan"), 2.0], "row 2, column 'u': not a finite number"),
        (["HE", "HE", "IHC"], "column 'u': holds text"),
        ([{"a": 1}] * 3, "column 'u': holds struct"),
        ([None] * 3, "column 'u': holds null"),
        (pd.to_datetime(["2020-01-01"] * 3), "column 'u': holds timestamp"),
    ],
)
def test_what_is_no_number_is_named(tmp_path, column, words):
    with pytest.raises(DataError, match=words) as error:
        read(tmp_path, u=column)
    assert "b.parquet" in str(error.value)


def test_a_bag_without_a_name_is_named_by_row(tmp_path):
    with pytest.raises(DataError, match=r"b\.parquet row 2: no name in the column 'bag'"):
        read(tmp_path, bag=["x", None, "y"], u=[1, 3, 2])


def test_the_index_that_pandas_writes_is_no_feature(tmp_path):
    frame = pd.DataFrame({"bag": list("xxyy"), "u": [1.0, 2, 3, 5]})[lambda f: f.u != 2]
    frame.to_parquet(tmp_path / "b.parquet")
    found = read_parquet_instances(tmp_path / "b.parquet")
    assert found.names == ("u",)
    assert "__index_level_0__" in found.notes[0]


@pytest.mark.parametrize("cut", [0, 3, 100, -20])
def test_a_file_that_is_cut_off_is_named(tmp_path, cut):
    read(tmp_path, u=[1, 3, 2])
    path = tmp_path / "b.parquet"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"cannot read .*b\.parquet as Parquet"):
        read_parquet_instances(path)


def test_a_table_larger_than_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(array_size, "machine_memory", lambda: 8)
    with pytest.raises(DataError, match=r"b\.parquet declares 3 x 1 numbers"):
        read(tmp_path, u=[1, 3, 2])
