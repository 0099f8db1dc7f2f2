"""What is counted comes out as it went in; a bar is for a terminal alone."""

import io
import sys

import pytest

from weldon.progress import progress_bar, tracked


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch):
    """Return a function that counts to three with a bar on a stream, and what it wrote there."""

    def count(stream, **options):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        assert list(tracked(iter("abc"), "letters", 3, **options)) == ["a", "b", "c"]
        return stream.getvalue()

    return count


def test_a_terminal_shows_what_is_counted(shown):
    assert "letters" in shown(Terminal())


def test_a_file_or_a_pipe_gets_nothing_not_even_an_empty_line(shown):
    assert shown(io.StringIO()) == ""


def test_a_bar_that_is_not_wanted_is_not_drawn(shown):
    assert shown(Terminal(), shown=False) == ""


def test_a_bar_that_is_moved_by_hand_writes_nothing_to_a_file(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar() as bar:
        bar.advance(bar.add_task("steps", total=2))
    assert stream.getvalue() == ""
