"""Splits by folders."""

from __future__ import annotations

import pytest

from weldon.data.folder_splits import with_folder_splits
from weldon.data.label_file import Told
from weldon.data.rows import Row


def told(*names: str, split: str | None = None) -> Told:
    return Told("t.csv", "long", [Row(name, name, frozenset({"cat"}), split=split) for name in names])


def test_folders_called_after_splits_divide_the_images_and_it_is_said():
    found = with_folder_splits(told("train/a.png", "valid/cat/b.png", "data\\test\\c.png"))
    assert [row.split for row in found.rows] == ["train", "val", "test"]
    assert found.notes == ["the folders of the images say the split: test 1, train 1, val 1"]


@pytest.mark.parametrize(
    "names", [("train/a.png", "b.png", "test/c.png"), ("a/b.png", "test/c.png"), ("val/a.png", "test/c.png")]
)
def test_folders_that_do_not_divide_all_are_passed_over_with_a_note(names):
    found = with_folder_splits(told(*names))
    assert all(row.split is None for row in found.rows)
    assert "are passed over" in found.notes[0]


@pytest.mark.parametrize("names", [("a.png", "b/c.png"), ("train/a.png",), ("test/a.png", "test/b.png")])
def test_one_folder_or_none_says_nothing(names):
    assert with_folder_splits(told(*names)).notes == []


def test_a_column_of_splits_counts_before_folders():
    given = told("train/a.png", "test/b.png", split="train")
    assert with_folder_splits(given) is given
