"""Figures go to standard output, words to standard error, and names are never markup."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

from weldon.cli import console


def test_json_is_one_line_with_null_for_what_is_not_known(capsys):
    console.print_json({"map": 0.5, 1: [float("nan"), ("ü", Path("a/b"))], "none": None})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"map": 0.5, "1": [None, ["ü", "a/b"]], "none": None}
    assert printed.count("\n") == 1
    assert "ü" in printed


def test_words_stay_away_from_standard_output(capsys):
    console.say("reading [bold] and [/odd]: 3 images")
    console.say_error("no file 'a [1].png'")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "reading [bold] and [/odd]: 3 images\nerror: no file 'a [1].png'\n"


def test_a_long_line_is_not_broken(capsys):
    console.say("x" * 500)
    assert capsys.readouterr().err == "x" * 500 + "\n"


def test_a_table_shows_names_as_they_are(capsys):
    console.print_table(
        "by class [all]", ["class", "AP"], [["cup [glass]", "5.0"], ["[/cup]", "1"], [":smile:", "2"]]
    )
    printed = capsys.readouterr().out
    for name in ("by class [all]", "cup [glass]", "[/cup]", ":smile:"):
        assert name in printed


def test_numbers_are_aligned_right_and_names_left(capsys):
    console.print_table("t", ["class", "AP"], [["a", "5.0"], ["long name", "100.0"]])
    first, second = (line for line in capsys.readouterr().out.splitlines() if ".0" in line)
    assert first.index("a") == second.index("long name")
    assert first.index("5.0") + 3 == second.index("100.0") + 5


@pytest.fixture
def shown_log():
    """The library's log as a command shows it; afterwards as it was."""
    log = logging.getLogger("weldon")
    before = log.level, log.propagate, list(log.handlers)
    console.show_log()
    yield log
    log.setLevel(before[0])
    log.propagate, log.handlers[:] = before[1:]


def test_what_the_library_logs_is_shown_once(shown_log, capsys):
    console.show_log()
    shown_log.info("3 images of %s", "a:smile:[b].jpg")
    assert capsys.readouterr().err == "3 images of a:smile:[b].jpg\n"


def test_the_log_goes_to_the_standard_error_of_that_moment(shown_log, monkeypatch):
    later = io.StringIO()
    monkeypatch.setattr("sys.stderr", later)
    shown_log.warning("one file cannot be read")
    assert later.getvalue() == "one file cannot be read\n"
