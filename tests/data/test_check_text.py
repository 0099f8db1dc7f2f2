"""The report of ``weldon check`` line by line."""

from __future__ import annotations

from weldon.data.check import CheckReport, ClassCount
from weldon.data.check_text import render_check


def report(**changes) -> CheckReport:
    values = {
        "form": "long",
        "images": 5,
        "splits": {"train": 3, "val": 2},
        "classes": (
            ClassCount("cat", 4, 1, {"train": 3, "val": 1}),
            ClassCount("big dog", 2, 0, {"train": 2}),
        ),
        "cooccurrence": ((4, 1), (1, 2)),
        "unlabelled": 1,
        "unknown_cells": 1,
        "unreadable": (("x.png", "no image"),),
        "turned": 2,
        "modes": {"RGB": 3, "L": 1},
        "sizes": {"smallest": (10, 20), "median": (30, 40), "largest": (50, 60)},
        "copies": (),
        "unused": (),
        "errors": ("a leak",),
        "warnings": (),
        "notes": ("a note", "another"),
    }
    return CheckReport(**{**values, **changes})


def test_the_whole_report_stands_as_a_terminal_shows_it():
    assert render_check(report()).splitlines() == [
        "5 images (train 3, val 2), 2 classes; labels in one column",
        "sizes: smallest 10 x 20, median 30 x 40, largest 50 x 60 pixels; 2 turned upright by EXIF",
        "pixels: L 1, RGB 3; 1 file cannot be read",
        "labels: 1 image without a present class, 1 cell unknown",
        "",
        "class   positives    train      val  unknown",
        "cat             4        3        1        1",
        "big dog         2        2        0        0",
        "",
        "together: cat + big dog 1",
        "",
        "error: a leak",
        "",
        "note: a note",
        "note: another",
        "",
        "1 error, 0 warnings",
    ]


def test_what_is_not_there_is_not_listed():
    bare = report(splits={"-": 5}, sizes={}, modes={}, cooccurrence=((4, 0), (0, 2)), notes=(), errors=())
    text = render_check(bare)
    assert text.startswith("5 images (no splits yet), 2 classes")
    assert "pixels: none readable" in text
    assert not any(word in text for word in ("sizes:", "together:", "error:", "note:", "train", "val"))


def test_of_many_sentences_twenty_are_shown_and_the_rest_counted():
    lines = render_check(report(warnings=tuple(f"w{n}" for n in range(23)))).splitlines()
    assert [line for line in lines if line.startswith("warning: ")] == [f"warning: w{n}" for n in range(20)]
    assert "... and 3 more warnings (--json lists all)" in lines


def test_of_many_pairs_the_eight_that_share_most_are_named():
    names = "abcde"
    shared = tuple(tuple(10 * min(i, j) + max(i, j) for j in range(5)) for i in range(5))
    counts = tuple(ClassCount(name, 1, 0, {}) for name in names)
    (line,) = [
        one
        for one in render_check(report(classes=counts, cooccurrence=shared)).splitlines()
        if "together" in one
    ]
    pairs = line.removeprefix("together: ").split(", ")
    assert len(pairs) == 8
    assert pairs[0] == "d + e 34"


def test_of_errors_two_hundred_are_shown_for_each_must_be_mended():
    text = render_check(report(errors=tuple(f"e{n}" for n in range(201))))
    assert text.count("error: ") == 200
    assert "... and 1 more error (--json lists all)" in text
