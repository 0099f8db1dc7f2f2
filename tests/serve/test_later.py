"""A value that is worked out beside: once, and with words where it fails."""

from __future__ import annotations

import threading

import pytest

from weldon.errors import DataError, UsageError
from weldon.progress import tracked
from weldon.serve.later import Later
from weldon.stopping import leave_if_told


def test_the_work_is_done_once_however_many_ask():
    done = []
    later = Later(lambda: done.append(1) or len(done), "count")
    threads = [threading.Thread(target=later.wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (later.value(), done) == (1, [1])


def test_nothing_is_there_before_the_work_has_ended():
    gate = threading.Event()
    later = Later(lambda: gate.wait() and "done", "slow")
    assert (later.state, later.peek(), later.state) == ("waiting", None, "working")
    gate.set()
    assert (later.value(), later.state) == ("done", "done")


def test_how_far_the_work_is_is_seen_while_it_is_under_way():
    half, gate = threading.Event(), threading.Event()

    def work() -> str:
        for number in tracked(range(4), "feature maps"):
            if number == 2:
                half.set()
                gate.wait(30)
        return "done"

    later = Later(work, "slow")
    assert later.seen().state == "working"
    assert half.wait(30)
    assert later.seen() == ("working", "", None, "feature maps, 50%")
    gate.set()
    assert later.value() == "done"
    assert later.seen() == ("done", "", "done", "")


@pytest.mark.parametrize("error", [UsageError("no such folder"), OSError(2, "gone", "a.csv"), KeyError("x")])
def test_a_failure_is_kept_in_words(error):
    def fail() -> None:
        raise error

    later = Later(fail, "failing")
    assert later.wait() is None
    assert later.state == "failed"
    with pytest.raises(DataError, match=r"no such|foresee"):
        later.value()


def test_work_that_is_under_way_can_be_broken_off():
    begun = threading.Event()

    def endless() -> None:
        while True:
            begun.set()
            leave_if_told()

    later = Later(endless, "endless")
    later.start()
    begun.wait()
    later.stop()
    assert not later._thread.is_alive()
    assert (later.state, later.wait(), later.problem) == ("failed", None, "the server is ending")


def test_nobody_waits_for_work_that_does_not_ask_whether_it_may_go_on():
    gate = threading.Event()
    later = Later(lambda: gate.wait() and "too late", "deaf")
    later.start()
    waiting = threading.Thread(target=later.wait)
    waiting.start()
    later.stop(seconds=0)
    waiting.join(30)
    assert not waiting.is_alive()
    gate.set()
    later._thread.join()
    assert (later.state, later.wait(), later.problem) == ("failed", None, "the server is ending")


def test_what_is_worked_out_stays_when_the_server_ends():
    later = Later(lambda: "done", "quick")
    assert later.value() == "done"
    later.stop()
    assert (later.state, later.value()) == ("done", "done")


def test_work_that_has_not_begun_never_begins():
    done = []
    later = Later(lambda: done.append(1), "idle")
    later.stop()
    assert (later.wait(), done) == (None, [])
