"""Corrections change labels as a person said, and what does not go together is told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from weldon.data.corrections import (
    Correction,
    append_correction,
    apply_corrections,
    label_of,
    now,
    read_corrections,
)
from weldon.data.record import LabelSet, Record
from weldon.errors import DataError, UsageError


def a_set(*names: str) -> LabelSet:
    """Images that show a cat, where of a dog nothing is known; no hen is there."""
    records = [Record(Path(name), name, frozenset({"cat"}), frozenset({"dog"})) for name in names]
    return LabelSet(tuple(records), ("cat", "dog", "hen"), "long")


def said(before: str, after: str, *, class_name: str = "cat", file_name: str = "a.jpg", row: int = 2):
    return Correction(file_name, class_name, before, after, row=row)


def labels_after(*corrections: Correction) -> tuple[str, str, str]:
    record = apply_corrections(a_set("a.jpg", "b.jpg"), corrections).label_set.records[0]
    return label_of(record, "cat"), label_of(record, "dog"), label_of(record, "hen")


def test_what_is_appended_is_read_back(tmp_path):
    path = tmp_path / "corrections.csv"
    first = Correction('a "b", c.jpg', "polar bear", "present", "absent", now(), "Ada,\nof Paris")
    append_correction(path, first)
    append_correction(path, said("absent", "unknown"))
    one, two = read_corrections(path)
    assert (one.file_name, one.class_name, one.before, one.after) == (
        'a "b", c.jpg',
        "polar bear",
        "present",
        "absent",
    )
    assert (one.time, one.who, one.row) == (first.time, "Ada, of Paris", 2)
    assert (two.before, two.after, two.row) == ("absent", "unknown", 3)
    assert two.time
    assert path.read_text().startswith("file,class,from,to,time,who\n")


@pytest.mark.parametrize(
    "bad", [said("present", "gone"), said("", "absent"), said("present", "absent", file_name="a\nb.jpg")]
)
def test_what_no_table_can_hold_is_refused_before_anything_is_written(tmp_path, bad: Correction):
    with pytest.raises(UsageError):
        append_correction(tmp_path / "c.csv", bad)
    assert not (tmp_path / "c.csv").exists()


def test_each_label_can_become_each_other():
    assert labels_after(said("present", "absent")) == ("absent", "unknown", "absent")
    assert labels_after(said("present", "unknown")) == ("unknown", "unknown", "absent")
    assert labels_after(said("unknown", "present", class_name="dog")) == ("present", "present", "absent")
    assert labels_after(said("absent", "present", class_name="hen")) == ("present", "unknown", "present")


def test_the_last_of_several_counts_and_undo_is_a_row_of_its_own():
    changed = apply_corrections(
        a_set("a.jpg"), [said("present", "absent"), said("absent", "unknown"), said("unknown", "present")]
    )
    assert changed.label_set == a_set("a.jpg")
    assert changed.changed == ()
    assert changed.conflicts == ()


def test_the_cells_that_changed_are_told_and_confirmed_ones_are_reviewed():
    done = apply_corrections(
        a_set("a.jpg"), [said("present", "present"), said("absent", "present", class_name="hen")]
    )
    assert done.changed == (("a.jpg", "hen", "absent", "present"),)
    assert done.reviewed == {("a.jpg", "cat"), ("a.jpg", "hen")}


def test_a_correction_that_the_table_has_taken_up_since_is_no_conflict():
    done = apply_corrections(a_set("a.jpg"), [said("absent", "present")])
    assert done.conflicts == ()
    assert done.label_set == a_set("a.jpg")


def test_a_correction_of_what_the_table_no_longer_says_leaves_the_label_unknown_and_is_told():
    done = apply_corrections(
        a_set("a.jpg"), [Correction("a.jpg", "cat", "unknown", "absent", who="Ada", row=7)]
    )
    assert label_of(done.label_set.records[0], "cat") == "unknown"
    assert done.conflicts == (
        "row 7: 'a.jpg', 'cat' was corrected by Ada from unknown to absent, but the table says present: it "
        "counts as unknown",
    )
    assert done.reviewed == frozenset()


def test_two_people_who_disagree_leave_the_label_unknown_until_a_later_row_decides():
    both = [said("present", "absent"), said("present", "unknown"), said("present", "present", row=4)]
    fought = apply_corrections(a_set("a.jpg"), both)
    assert label_of(fought.label_set.records[0], "cat") == "unknown"
    assert "row 4" in fought.conflicts[-1]
    assert "an earlier correction says" in fought.conflicts[-1]
    settled = apply_corrections(a_set("a.jpg"), [*both, said("unknown", "absent", row=5)])
    assert label_of(settled.label_set.records[0], "cat") == "absent"
    assert settled.reviewed == {("a.jpg", "cat")}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("z.jpg,cat,present,absent", "row 3: no image 'z.jpg'"),
        ("a.jpg,Cat,present,absent", "row 3: no class 'Cat'; the classes are 'cat', 'dog', 'hen'"),
        ("a.jpg,cat,yes,absent", "row 3: from is 'yes', it must be one of present, absent, unknown"),
        ("a.jpg,cat,present,no", "row 3: to is 'no'"),
        (",cat,present,absent", "row 3: no file"),
        ("a.jpg,,present,absent", "row 3: no class"),
    ],
)
def test_a_row_that_is_not_understood_is_named(tmp_path, row: str, told: str):
    path = tmp_path / "c.csv"
    path.write_text(f"file,class,from,to\na.jpg,cat,present,absent\n{row}\n")
    with pytest.raises(DataError) as caught:
        apply_corrections(a_set("a.jpg"), read_corrections(path), source=path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_time_that_is_none_is_named(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("file,class,from,to,time\na.jpg,cat,present,absent,noon\n")
    with pytest.raises(DataError, match="row 2: time is 'noon'"):
        read_corrections(path)


def test_two_images_of_one_name_cannot_be_told_apart():
    with pytest.raises(DataError, match=r"two images are called 'a\.jpg'"):
        apply_corrections(a_set("a.jpg", "a.jpg"), [said("present", "absent")])
    other = said("present", "absent", file_name="b.jpg")
    assert apply_corrections(a_set("a.jpg", "a.jpg", "b.jpg"), [other]).changed


def test_a_table_made_by_hand_is_read(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("class;file;to;from\ncat; a.jpg ;Absent;present\n")
    done = apply_corrections(a_set("a.jpg"), read_corrections(path))
    assert done.changed == (("a.jpg", "cat", "present", "absent"),)


def test_a_row_that_is_not_filled_in_decides_nothing(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("file,class,from,to,rank\na.jpg,cat,present,,1\nb.jpg,cat,present,absent,2\n")
    done = apply_corrections(a_set("a.jpg", "b.jpg"), read_corrections(path))
    assert done.changed == (("b.jpg", "cat", "present", "absent"),)
    assert done.reviewed == {("b.jpg", "cat")}


def test_a_row_that_was_cut_off_is_left_out_and_told(tmp_path, caplog):
    path = tmp_path / "c.csv"
    path.write_text("file,class,from,to,time,who\na.jpg,cat,present,absent,,\nb.jpg,ca")
    with caplog.at_level(logging.WARNING, logger="weldon"):
        assert len(read_corrections(path)) == 1
    assert "ends within a row" in caplog.text
