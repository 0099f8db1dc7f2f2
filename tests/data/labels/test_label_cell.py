"""One cell of a long table."""

from __future__ import annotations

import json

import numpy as np
import pytest

from weldon.data.labels.label_cell import is_list, label_separator, split_labels

LISTS = {
    "Python": str(["cat", "polar bear"]),
    "JSON": json.dumps(["cat", "polar bear"]),
    "JSON without blanks": '["cat","polar bear"]',
    "numpy": str(np.array(["cat", "polar bear"])),
    "numpy over two lines": "['cat'\n 'polar bear']",
    "numpy of objects": repr(np.array(["cat", "polar bear"], dtype=object)),
    "a tuple": str(("cat", "polar bear")),
    "a set": "{'cat', 'polar bear'}",
    "a frozen set": str(frozenset({"cat", "polar bear"})),
    "both quotes": "['cat', \"polar bear\"]",
}


@pytest.mark.parametrize("form", LISTS)
def test_a_list_of_any_tool_is_its_names(form):
    assert split_labels(LISTS[form], None) == {"cat", "polar bear"}


@pytest.mark.parametrize("cell", ["[]", "{}", "set()", "frozenset()", "", "  ", str(np.array([]))])
def test_an_empty_list_shows_no_class(cell):
    assert split_labels(cell, None) == frozenset()


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("[cat, dog]", {"cat", "dog"}),
        ("[cat]", {"cat"}),
        ("[3]", {"3"}),
        ("[0, 12]", {"0", "12"}),
        (str(np.array([0, 12])), {"0", "12"}),
        ("['l\\'eau', 'a\"b']", {"l'eau", 'a"b'}),
        ('["caf\\u00e9"]', {"café"}),
        ("['NA']", {"NA"}),
        ("('cat',)", {"cat"}),
        ("['cat',]", {"cat"}),
        ("['cat, wild' 'dog']", {"cat, wild", "dog"}),
    ],
)
def test_names_with_and_without_quotes(cell, names):
    assert split_labels(cell, None) == names


@pytest.mark.parametrize(
    "cell",
    [
        '["cat", null]',
        "['cat', None]",
        "[nan]",
        "['cat' 'dog', 'hen']",
        "['cat', ['dog']]",
        "{'cat': 1, 'dog': 0}",
        "['cat', 'dog'",
        "'cat', 'dog']",
        "['cat' ... 'dog']",
        "[cat dog]",
        "['cat', '']",
        "['cat',, 'dog']",
        "[a;b]",
        "['cat\\q']",
        "[" * 100_000 + "]" * 100_000,
    ],
)
def test_a_list_that_is_not_understood_is_no_class(cell):
    assert is_list(cell)
    with pytest.raises(ValueError, match=r"\w"):
        split_labels(cell, None)


@pytest.mark.parametrize("cell", ["cat", "cat (wild)", "(cat)", "array", "it's", "[sic", "a]"])
def test_other_names_stay_what_they_are(cell):
    assert not is_list(cell)
    assert split_labels(cell, None) == {cell}


def test_marks_inside_lists_do_not_separate_the_other_cells():
    assert label_separator(["['a', 'b']", "c;d"]) == ";"
    assert label_separator(["['a', 'b']", "c"]) is None
