"""What is counted comes out as it went in; a bar is for a terminal alone."""

import io
import sys

import pytest

from weldon.progress import estimated, heard_by, progress_bar, spell_seconds, tracked


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


def test_who_asks_hears_how_far_what_is_counted_is():
    heard = []
    with heard_by(lambda words, share: heard.append((words, share))):
        assert list(tracked("abcd", "letters")) == list("abcd")
        assert list(tracked(iter("ab"), "unknown")) == ["a", "b"]  # of how many nobody knows
    assert list(tracked("ab", "unheard")) == ["a", "b"]
    assert heard == [("letters", 0.0), ("letters", 0.25), ("letters", 0.5), ("letters", 0.75)]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (99.4, "99 s"), (100, "2 min"), (5999, "100 min"), (6000, "1.7 h")]
)
def test_durations_change_their_unit_where_people_do(seconds, words):
    assert spell_seconds(seconds) == words


@pytest.mark.parametrize(("each", "said"), [(5.0, ["maps: about 30 s ahead"]), (0.5, [])])
def test_what_takes_long_says_once_how_long_the_rest_takes(each, said, caplog):
    """The first of ten takes a minute; it pays for warming up and is left out."""
    times = iter([60.0, 60.0 + 3 * each])
    with caplog.at_level("INFO", logger="weldon"):
        assert list(estimated(range(10), "maps", 10, clock=lambda: next(times))) == list(range(10))
    assert caplog.messages == said
