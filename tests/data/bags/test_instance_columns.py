"""Which column is what: names of bags, indices that tools write, features; nothing is left out unsaid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weldon.data.bags.bag_set import BagDataset
from weldon.data.bags.instance_columns import (
    Instances,
    clean_names,
    id_notes,
    listed,
    roles_of,
    without_counters,
)
from weldon.errors import DataError

PLACE = Path("b.csv")


@pytest.mark.parametrize(
    "name", ["bag", "Bag", "BAG", "bag_id", "Bag-ID", "slide", "slide_id", "Slide ID", "case_id"]
)
def test_usual_names_of_the_column_of_bags_are_known(name):
    roles = roles_of(PLACE, ("u", name, "instance"))
    assert (roles.bag, roles.instance, roles.features) == (1, 2, (0,))


def test_further_columns_of_names_are_no_features():
    roles = roles_of(PLACE, ("case_id", "slide_id", "u"))
    assert (roles.bag, roles.others, roles.features) == (1, (0,), (2,))


@pytest.mark.parametrize(
    "name", ["", "Unnamed: 0", "Unnamed: 0.1", "index", "Index", "level_0", "__index_level_0__", "id"]
)
def test_columns_called_as_indices_are_told_apart(name):
    roles = roles_of(PLACE, (name, "bag", "u"))
    assert (roles.index, roles.features) == ((0,), (2,))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (("u", "v"), r"b\.csv: no column that names the bag.* there are 'u', 'v'"),
        (("bag", "u", "u"), r"b\.csv: columns that are there more than once: 'u'"),
        (("Bag", "bag", "u"), "more than once"),
    ],
)
def test_a_header_that_is_not_clear_is_refused(header, words):
    with pytest.raises(DataError, match=words):
        roles_of(PLACE, header)


def table(values, names):
    rows = np.array(values, dtype=np.float32)
    return Instances(np.array(["x"] * len(rows), dtype=object), rows, names)


def test_a_column_that_counts_the_rows_is_no_feature_whatever_its_name_and_that_is_said():
    found = without_counters(table([[0, 5], [1, 5], [2, 7]], ("row", "u")), ["index"])
    assert (found.names, found.values.tolist()) == (("u",), [[5], [5], [7]])
    assert found.spare["row"].tolist() == [0, 1, 2]
    assert "'index', 'row': left out" in found.notes[0]


def test_the_only_feature_stays_though_it_counts_rows():
    assert without_counters(table([[0], [1], [2]], ("u",)), []).names == ("u",)
    assert without_counters(table([[0, 1], [1, 1]], ("u", "v")), []).names == (
        "u",
        "v",
    )  # two rows are chance


def test_a_number_that_each_bag_has_of_its_own_is_said_to_look_like_an_id():
    bags = BagDataset(np.array([[7, 1, 5], [7, 2, 5], [9, 3, 5], [4, 1, 5]], dtype=np.float32), [0, 2, 3, 4])
    assert "'patient': if these are ids" in id_notes(bags, ("patient", "u", "v"))[0]
    assert id_notes(bags, ("patient", "u", "v"))[0].count("'") == 2
    assert id_notes(bags, None) == ()
    single = BagDataset(np.array([[7.0], [9.0], [4.0]]), [0, 1, 2, 3])
    assert id_notes(single, ("u",)) == ()  # bags of one instance: every feature is a number of its own


def test_names_are_compared_without_blanks_and_with_accents_composed():
    assert clean_names([" u ", "cafe\u0301"]) == ("u", "caf\u00e9")
    assert listed(["a"] * 10).endswith("and 2 more")
