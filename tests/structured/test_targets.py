from __future__ import annotations

import numpy as np
import pytest
import torch

from weldon.errors import UsageError
from weldon.structured.targets import encode_classes, encode_labels, is_multilabel

NAN = float("nan")


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([0, 1, 0], False),
        (["a", "b"], False),
        ([[0], [1]], False),  # scikit-learn's column of classes
        ([[0, 1], [1, 1]], True),
        ([[0.0], [NAN]], True),
        ([["a"], ["b"]], False),
    ],
)
def test_a_table_is_one_with_columns_or_unknown_cells(y, expected):
    assert is_multilabel(y) is expected


@pytest.mark.parametrize("labels", [["dog", "cat", "dog"], [7, -1, 7], [True, False, True], [2.0, 1.0, 2.0]])
def test_classes_are_numbered_in_sorted_order(labels):
    classes, code = encode_classes(labels)
    assert classes.tolist() == sorted(set(labels))
    assert code.dtype == torch.int64
    assert classes[code.numpy()].tolist() == labels


def test_real_numbers_are_no_classes():
    with pytest.raises(ValueError, match="continuous"):
        encode_classes([0.5, 1.25, 0.5])


@pytest.mark.parametrize(
    "table", [[[1, 0], [0, 1]], [[True, False], [False, True]], [[1.0, 0.0], [0.0, 1.0]]]
)
def test_labels_become_numbers_whatever_their_type(table):
    found = encode_labels(table)
    assert found.dtype == torch.float64
    assert found.tolist() == [[1, 0], [0, 1]]


def test_unknown_labels_stay_unknown():
    assert torch.isnan(encode_labels([[1, NAN], [0, 1]])).tolist() == [[False, True], [False, False]]


def test_a_flat_column_is_one_label():
    assert encode_labels([1, 0, 1]).shape == (3, 1)


def test_labels_are_a_copy():
    table = np.array([[1.0, 0.0]])
    encode_labels(table)[0, 0] = 5
    assert table[0, 0] == 1


@pytest.mark.parametrize(("table", "named"), [([[2, 0]], "2"), ([[-1, 1]], "-1"), ([[0.5, 0]], "0.5")])
def test_other_numbers_are_refused_by_value(table, named):
    with pytest.raises(UsageError, match=f"got {named}"):
        encode_labels(table)


def test_words_are_refused_by_type():
    with pytest.raises(UsageError, match="got <U"):
        encode_labels([["yes", "no"]])
