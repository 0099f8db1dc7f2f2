from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from weldon.errors import UsageError
from weldon.structured import BagDataset, as_bags

RANDOM = np.random.default_rng(0)
BAGS = [RANDOM.normal(size=(size, 3)) for size in (2, 5, 1)]


def _same(found: BagDataset, expected: list[np.ndarray]) -> bool:
    return len(found) == len(expected) and all(
        np.array_equal(a.toarray() if sp.issparse(a) else a, b) for a, b in zip(found, expected, strict=True)
    )


def test_every_form_gives_the_same_bags():
    stacked, offsets = np.concatenate(BAGS), np.array([0, 2, 7, 8])
    objects = np.empty(3, dtype=object)
    objects[:] = BAGS
    forms = [BAGS, tuple(BAGS), objects, BagDataset(stacked, offsets), [sp.csr_array(bag) for bag in BAGS]]
    forms += [BagDataset(sp.coo_array(stacked), offsets.tolist()), [sp.coo_matrix(BAGS[0]), *BAGS[1:]]]
    for form in forms:
        assert _same(as_bags(form), BAGS)


def test_a_table_is_bags_of_one_instance():
    table = RANDOM.normal(size=(4, 3))
    for form in (table, sp.csr_array(table), pd.DataFrame(table), table.tolist()):
        assert _same(as_bags(form), [row[None] for row in table])


def test_a_cube_is_bags_of_equal_size():
    cube = RANDOM.normal(size=(4, 2, 3))
    assert _same(as_bags(cube), list(cube))


def test_slices_indices_and_masks_select_bags():
    bags = as_bags(BAGS)
    assert _same(bags[1:], BAGS[1:])
    assert _same(bags[[2, 0, 0]], [BAGS[2], BAGS[0], BAGS[0]])
    assert _same(bags[np.array([True, False, True])], [BAGS[0], BAGS[2]])
    assert np.array_equal(bags[-1], BAGS[-1])
    with pytest.raises(IndexError):
        bags[3]


def test_rows_of_a_bag_need_not_be_neighbours():
    values = np.arange(6.0)[:, None]
    bags, names = BagDataset.from_ids(values, ["z", "a", "z", "m", "a", "z"])
    assert names.tolist() == ["z", "a", "m"]
    assert [bag[:, 0].tolist() for bag in bags] == [[0.0, 2.0, 5.0], [1.0, 4.0], [3.0]]


def test_arguments_are_not_touched():
    copies = [bag.copy() for bag in BAGS]
    bags = as_bags(BAGS)
    bags.values[:] = 0
    assert all(np.array_equal(a, b) for a, b in zip(BAGS, copies, strict=True))


@pytest.mark.parametrize(
    ("bags", "message"),
    [
        ([], "shape"),
        ([np.ones((2, 3)), np.ones((0, 3))], "bag 1"),
        ([np.ones((2, 3)), np.ones((2, 4))], "bag 1 must have 3 features"),
        ([np.ones((2, 3)), np.ones(3)], "bag 1"),
        (np.ones(3), "Reshape your data"),
    ],
)
def test_what_is_no_bag_is_refused_by_name(bags, message):
    with pytest.raises(UsageError, match=message):
        as_bags(bags)


@pytest.mark.parametrize(
    ("offsets", "message"),
    [([0, 2], "end with"), ([1, 4], "begin"), ([0, 2, 2, 4], "bag 1"), ([0.0, 4.0], "whole numbers")],
)
def test_offsets_that_do_not_fit_are_refused(offsets, message):
    with pytest.raises(UsageError, match=message):
        BagDataset(np.ones((4, 2)), offsets)


def test_ids_of_another_length_are_refused():
    with pytest.raises(UsageError, match="ids"):
        BagDataset.from_ids(np.ones((3, 1)), ["a"])
