"""The state of the server: threads that do the work in turn, and which run answers."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from weldon.serve.served_run import open_served_run
from weldon.serve.state import READERS, State, Workers


@pytest.fixture
def workers():
    made = Workers()
    yield made
    made.close()


def test_the_network_has_one_thread_and_takes_one_after_another(workers):
    busy, most = [], []

    def look(number: int) -> int:
        busy.append(number)
        most.append(len(busy))
        time.sleep(0.01)
        busy.remove(number)
        return number

    async def several() -> list[int]:
        return await asyncio.gather(*(workers.look(look, number) for number in range(5)))

    assert asyncio.run(several()) == [0, 1, 2, 3, 4]
    assert most == [1] * 5


def test_pictures_are_read_beside_the_network(workers):
    """As many readers as there are threads for it, while the network's thread is held."""
    together = threading.Barrier(READERS + 1, timeout=20)

    async def several() -> None:
        await asyncio.gather(
            workers.look(together.wait), *(workers.read(together.wait) for _ in range(READERS))
        )

    asyncio.run(several())


def test_a_thread_may_wait_for_the_network_and_gets_its_failure(workers):
    assert workers.look_now(max, 2, 7) == 7
    with pytest.raises(ZeroDivisionError):
        workers.look_now(divmod, 1, 0)


@pytest.fixture
def state(run, tmp_path):
    made = State(open_served_run(run.path, corrections=tmp_path / "c.csv", device="cpu"), device="cpu")
    yield made
    made.end()


def test_before_a_training_there_is_one_run_and_nothing_to_compare(state, run):
    assert state.runs() == {"first": run.path.resolve()}
    assert state.comparison() is None
    state.use("first")
    assert state.used is state.before


def test_only_a_run_that_is_there_can_answer(state):
    with pytest.raises(KeyError):
        state.use("second")


def test_nothing_is_begun_once_it_has_ended(run, tmp_path):
    state = State(open_served_run(run.path, corrections=tmp_path / "c.csv", device="cpu"), device="cpu")
    state.end()
    with pytest.raises(RuntimeError, match="shutdown"):
        state.workers.look_now(max, 1, 2)
