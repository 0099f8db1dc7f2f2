"""Names of classes that are refused, and those that deserve a word."""

from __future__ import annotations

import pytest

from weldon.data.labels.class_names import alike_names, broken_names, name_problem


@pytest.mark.parametrize("name", ["cat", "polar bear", "0", "猫", "می‌خواهم", "👩‍🔬", "a/b", "R&D (new)", "-"])
def test_a_name_of_any_script_is_a_name(name):
    assert name_problem(name) is None


@pytest.mark.parametrize(
    "name", ["a\tb", "\x07bell", "\x1b[31mred", "a\x7f", "a\u2028b", "\ud800", "a\u202eb"]
)
def test_control_characters_are_no_part_of_a_name(name):
    assert len(broken_names([name])) == 1


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u200b", "\ufeff \u2003"])
def test_a_name_must_be_seen(name):
    assert name_problem(name) == "holds nothing that can be seen"


@pytest.mark.parametrize(
    "pair",
    [
        ("café", "cafe\u0301"),
        ("Cat", "cat"),
        ("polar bear", "polar  bear"),
        ("polar bear", "polar_bear"),
        ("cat", "cat."),
        ("cat", "cat\u200b"),
        ("Straße", "STRASSE"),
        ("ﬁsh", "fish"),
        ("1", "1.0"),
    ],
)
def test_two_spellings_of_one_class_are_both_named(pair):
    (warning,) = alike_names(["hen", *pair])
    assert all(repr(name) in warning or ascii(name) in warning for name in pair)


def test_classes_that_differ_have_no_warning():
    assert alike_names(["cat", "dog", "0", "1", "10", "1.5", "résumé", "resume", ".", ","]) == []


def test_a_text_is_no_name():
    assert broken_names(["x" * 256]) == [
        f"class {'x' * 80!r} is longer than 255 characters: correct the name"
    ]
    assert name_problem("x" * 255) is None
