"""A table of instances becomes bags, and every cell that cannot is named by its row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from weldon.data.bags.instance_table import BagTable
from weldon.errors import DataError


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_a_bag_need_not_be_neighbours_and_keep_their_order(tmp_path):
    table = write(tmp_path / "b.csv", "bag,instance,u,v\nx,one,1,2\ny,two,3,4\nx,three,5,6\n")
    bags = BagTable(table)
    assert [bags.name(path) for path in bags.paths] == ["x", "y"]
    np.testing.assert_array_equal(bags.read(bags.find("x")), [[1, 2], [5, 6]])
    assert bags.instances(bags.find("x")) == ["one", "three"]
    assert bags.instances(bags.find("y")) == ["two"]
    assert (bags.num_features, bags.size(bags.find("x"))) == (2, 2)


def test_without_a_column_of_instances_they_are_numbered(tmp_path):
    bags = BagTable(write(tmp_path / "b.tsv", "bag\tu\nx\t1\nx\t2\n"))
    assert bags.instances(bags.find("x")) == ["0", "1"]


def test_names_of_bags_stay_text_though_they_look_like_numbers(tmp_path):
    bags = BagTable(write(tmp_path / "b.csv", "bag,u\n007,1\n7,2\n"))
    assert [bags.name(path) for path in bags.paths] == ["007", "7"]


@pytest.mark.parametrize("as_list", [False, True])
def test_parquet_has_a_column_a_feature_or_one_of_lists(tmp_path, as_list):
    pytest.importorskip("pyarrow")
    values = np.arange(6.0).reshape(3, 2)
    frame = pd.DataFrame({"bag": ["x", "x", "y"]})
    frame = frame.assign(f=list(values)) if as_list else frame.join(pd.DataFrame(values, columns=["u", "v"]))
    frame.to_parquet(tmp_path / "b.parquet")
    bags = BagTable(tmp_path / "b.parquet")
    np.testing.assert_array_equal(bags.read(bags.find("x")), values[:2])
    assert bags.read(bags.find("x")).dtype == np.float32


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("patient,u\nx,1\n", "no column that names the bag"),
        ("bag\nx\n", "no column of features"),
        ("bag,u\n", "no row"),
        ("bag,u\nx,1\ny,tumour\n", r"b.csv row 3, column 'u': 'tumour' is no number"),
        ("bag,u\nx,1\n,2\n", "b.csv row 3: no name"),
        ("bag,u\nx,1\nx,inf\n", "b.csv row 3, column 'u': not a finite number"),
        ("bag,u\nx,1\nx,\n", "b.csv row 3, column 'u'"),
    ],
)
def test_what_cannot_be_bags_is_named(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        BagTable(write(tmp_path / "b.csv", text))


def test_a_parquet_list_of_another_length_is_named_by_its_row(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"bag": ["x", "x"], "f": [[1.0, 2.0], [1.0]]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match="row 2: 1 features where the first row has 2"):
        BagTable(tmp_path / "b.parquet")


def test_names_that_no_path_can_hold_stay_apart(tmp_path):
    names = ["/data/a.svs", "../a", "a/../b", "b", "a/b", "é" * 300]
    bags = BagTable(write(tmp_path / "b.csv", "bag,u\n" + "".join(f"{name},1.5\n" for name in names)))
    assert [bags.name(path) for path in bags.paths] == names
    assert [bags.name(bags.find(name)) for name in names] == names
    assert len({path.resolve() for path in bags.paths}) == len(names)


def test_features_are_chosen_by_name_also_from_columns_left_out(tmp_path):
    bags = BagTable(write(tmp_path / "b.csv", "bag,index,u,v\nx,0,1,2\ny,1,3,4\nx,2,5,6\n"))
    assert (bags.features, bags.num_features) == (("u", "v"), 2)
    chosen = bags.select(["v", "index"])
    np.testing.assert_array_equal(chosen.read(chosen.find("x")), [[2, 0], [6, 2]])
    assert chosen.features == ("v", "index")
    assert bags.select(["w"]) is None


def test_a_name_that_is_nearly_there_is_offered(tmp_path):
    bags = BagTable(write(tmp_path / "b.csv", "bag,u\nslide01,1\n"))
    assert bags.find("slide1") is None
    assert "'slide01'" in bags.why_not("slide1")
