"""The order of what is to be reviewed."""

from __future__ import annotations

import pytest

from weldon.data.corrections import label_of
from weldon.errors import UsageError
from weldon.serve.review_queue import Item, class_queue, count_reviewed, described, folder_queue


def test_without_chances_present_labels_come_first(images):
    queue = class_queue(images, "8", {})
    labels = [label_of(images.records[item.number], "8") for item in queue]
    assert labels == sorted(labels, key=["present", "unknown", "absent"].index)
    assert sorted(item.number for item in queue) == list(range(88))


def test_with_chances_the_most_doubtful_label_comes_first(images):
    present = next(n for n, r in enumerate(images.records) if "8" in r.labels)
    absent = next(n for n, r in enumerate(images.records) if "8" not in r.labels)
    queue = class_queue(images, "8", {present: 0.1, absent: 0.95})
    assert [item.number for item in queue[:2]] == [absent, present]
    assert queue[0].chance == 0.95


def test_a_folder_holds_its_pictures_and_those_below(images):
    assert len(folder_queue(images, "val")) == 32
    assert len(folder_queue(images, "")) == 88
    assert {item.class_name for item in folder_queue(images, "val")} == {None}


@pytest.mark.parametrize("folder", ["..", "/etc", "va", "val/"])
def test_no_other_folder_can_be_asked_for(images, folder):
    with pytest.raises(UsageError, match="folder must be"):
        folder_queue(images, folder)


def test_items_carry_the_labels_as_they_are_by_now(images, book):
    items = [Item(0, "1"), Item(1, None)]
    book.correct(0, "1", book.label(0, "1"), "unknown")
    first, second = described(items, images, book)
    assert first["labels"]["1"] == first["from"] == "unknown"  # what a correction of it has under `from`
    assert second["from"] is None
    assert (first["reviewed"], second["reviewed"]) == (["1"], [])
    assert count_reviewed(items, images, book) == 1
    assert count_reviewed([Item(0, "7"), Item(0, None)], images, book) == 1
