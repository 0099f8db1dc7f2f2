"""What is made one ahead comes as it would have come without a thread, and no thread stays."""

from __future__ import annotations

import threading

import pytest

from weldon.ahead import one_ahead
from weldon.stopping import Stopped, broken_off_by


@pytest.fixture(autouse=True)
def no_thread_stays():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_the_next_item_is_made_while_the_last_is_used():
    making = [threading.Event() for _ in range(3)]

    def items():
        for number, event in enumerate(making):
            event.set()
            yield number

    for number in one_ahead(items()):
        assert number == 2 or making[number + 1].wait(10)


def test_no_more_than_one_item_is_made_ahead():
    made = []

    def items():
        for number in range(9):
            made.append(number)
            yield number

    coming = one_ahead(items())
    next(coming)
    coming.close()
    assert made in ([0], [0, 1])


def test_nothing_gives_nothing():
    assert list(one_ahead([])) == []


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        raise KeyError("second")

    coming = one_ahead(items())
    assert next(coming) == 1
    with pytest.raises(KeyError, match="second"):
        next(coming)


def test_a_generator_is_closed_when_its_reader_stops():
    closed = []

    def items():
        try:
            yield from range(9)
        finally:
            closed.append(True)

    for _ in one_ahead(items()):
        break
    assert closed == [True]


def test_a_reader_that_was_told_to_leave_leaves():
    told = threading.Event()
    with broken_off_by(told):
        coming = one_ahead(range(3))
        assert next(coming) == 0
        told.set()
        with pytest.raises(Stopped):
            next(coming)
