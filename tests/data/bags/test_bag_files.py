"""One door for bags on disk: whatever form they have, the same instances come out."""

from __future__ import annotations

import os

import numpy as np
import pytest

from fixtures.bags_on_disk import write_bags
from weldon.errors import DataError, UsageError
from weldon.structured import open_bags


def test_table_and_folder_hold_the_same_bags(tmp_path):
    written = write_bags(tmp_path, count=5)
    table, folder = open_bags(written.table), open_bags(written.folder)
    assert table.num_features == folder.num_features == 64
    for name, values in written.bags.items():
        np.testing.assert_array_equal(table.read(table.find(name)), values)
        np.testing.assert_array_equal(folder.read(folder.find(name)), values)


def test_what_is_not_there_or_no_bag_is_refused(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        open_bags(tmp_path / "nowhere")
    (tmp_path / "a.h5").write_bytes(b"")
    with pytest.raises(UsageError, match=r"\.parquet"):
        open_bags(tmp_path / "a.h5")


def test_a_pipe_is_named_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "b.csv")
    with pytest.raises(DataError, match=r"b\.csv is neither a file nor a folder"):
        open_bags(tmp_path / "b.csv")
