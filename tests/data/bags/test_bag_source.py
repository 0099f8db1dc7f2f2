"""Features of new bags stand as in training, whatever order their columns have; others are refused."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures.bags_on_disk import write_bags
from weldon.data.bags.bag_files import open_bags
from weldon.data.bags.bag_source import BagSource, as_trained
from weldon.errors import DataError


@pytest.fixture
def bags(tmp_path):
    (tmp_path / "b.csv").write_text("bag,v,index,u\nx,1,0,2\nx,3,1,4\n", encoding="utf-8")
    return open_bags(tmp_path / "b.csv")


def test_columns_are_matched_by_name_and_a_new_order_is_said(bags):
    found, notes = as_trained(bags, ("u", "v"), 2)
    np.testing.assert_array_equal(found.read(found.find("x")), [[2, 1], [4, 3]])
    assert "matched by name" in notes[0]
    assert as_trained(bags, ("v", "u"), 2) == (bags, ())


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("u", "w"), r"1 of the 2 features of training are missing: 'w'; 1 column is new: 'v'"),
        (("u",), r"b\.csv: 1 column is new: 'v'"),
        (("u", "v", "w"), r"1 of the 3 features of training are missing: 'w'"),
    ],
)
def test_missing_and_new_columns_are_refused_with_their_names(bags, names, words):
    with pytest.raises(DataError, match=words):
        as_trained(bags, names, len(names))


def test_a_column_that_was_left_out_is_taken_where_training_knew_it(bags):
    found, _ = as_trained(bags, ("v", "index", "u"), 3)
    np.testing.assert_array_equal(found.read(found.find("x")), [[1, 0, 2], [3, 1, 4]])


def test_without_names_the_number_counts_and_that_is_said(bags, tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 2)))
    folder = open_bags(tmp_path)
    for opened, names in ((folder, ("u", "v")), (folder, None), (bags, None)):
        found, notes = as_trained(opened, names, 2)
        assert (found is opened, "matched by their order" in notes[0]) == (True, True)
        with pytest.raises(DataError, match="has 2 features, but bags must have 3 features as in training"):
            as_trained(opened, names and (*names, "w"), 3)


def test_a_table_and_a_folder_offer_what_every_source_of_bags_offers(tmp_path):
    written = write_bags(tmp_path, count=2)
    names = [name for name in vars(BagSource) if not name.startswith("_")]
    assert {"read", "find", "size", "instances", "select"} <= set(names)
    for bags in (open_bags(written.table), open_bags(written.folder)):
        assert all(hasattr(bags, name) for name in (*names, *BagSource.__annotations__))
        assert [bags.find(bags.name(path)) for path in bags.paths] == list(bags.paths)
        assert [bags.size(path) for path in bags.paths] == [len(bags.read(path)) for path in bags.paths]
