"""Label tables of Parquet."""

from __future__ import annotations

import builtins

import pytest

from weldon.data.labels import read_labels
from weldon.errors import DataError, UsageError


def test_without_pyarrow_the_extra_is_named(tmp_path, photograph, monkeypatch):
    photograph("a.png")
    (tmp_path / "metadata.parquet").write_bytes(b"PAR1")
    true_import = builtins.__import__

    def without(name, *rest):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return true_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        UsageError, match=r"metadata\.parquet pyarrow must be installed.*pip install .*\[parquet\]"
    ):
        read_labels(tmp_path)


def test_rows_mean_what_lines_of_json_mean(tmp_path, photograph):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    for letter in "abc":
        photograph(f"{letter}.png")
    columns = {
        "file_name": ["a.png", "b.png", "c.png"],
        "labels": [["cat", "dog"], ["cat"], None],
        "image": [b"\0", b"\0", None],
    }
    parquet.write_table(arrow.table(columns), tmp_path / "metadata.parquet")
    found = read_labels(tmp_path)
    assert [sorted(record.labels) for record in found.records] == [["cat", "dog"], ["cat"]]
    assert any("metadata.parquet row 3" in note for note in found.notes)


def test_what_is_no_parquet_is_named(tmp_path, photograph):
    pytest.importorskip("pyarrow")
    photograph("a.png")
    (tmp_path / "metadata.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"metadata\.parquet is no Parquet file"):
        read_labels(tmp_path)
