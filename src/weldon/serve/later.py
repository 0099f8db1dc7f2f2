"""A value that a thread works out while the page is already open: waiting, working, done or failed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from weldon.errors import DataError, WeldonError, system_sentence
from weldon.progress import heard_by
from weldon.stopping import broken_off_by

log = logging.getLogger("weldon")
Value = TypeVar("Value")

WAITING, WORKING, DONE, FAILED = "waiting", "working", "done", "failed"
ENDING = "the server is ending"


class Seen(NamedTuple, Generic[Value]):
    """How far some work is: its state, why it failed, its value once it is done, and what is under way."""

    state: str
    problem: str
    value: Value | None
    progress: str = ""


class Later(Generic[Value]):
    """The result of ``work``, computed once, in a thread of its own, when it is first asked for.

    Args:
        work: what computes the value.
        name: of the thread.
    """

    def __init__(self, work: Callable[[], Value], name: str) -> None:
        self._work = work
        self._name = name
        self._begin = threading.Lock()
        self._told = threading.Event()
        self._ended = threading.Event()
        self._value: Value | None = None
        self._thread: threading.Thread | None = None
        self.state = WAITING
        self.problem = ""
        self._progress = ""

    def start(self) -> None:
        """Begin the work, unless it has begun."""
        with self._begin:
            if self.state != WAITING:
                return
            self.state = WORKING
            self._thread = threading.Thread(target=self._run, name=f"weldon-{self._name}", daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 20.0) -> None:
        """Break off work that is under way, and wait until it has ended; nobody waits for its value any more.

        A process must not leave while a thread computes: Python ends such a thread in the middle of
        compiled code, which aborts the whole process.
        """
        self._told.set()
        with self._begin:
            if not self._ended.is_set():
                self.state, self.problem = FAILED, ENDING
                self._ended.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def wait(self, seconds: float | None = None) -> Value | None:
        """Return the value once it is there; None where the work failed, or ``seconds`` have passed."""
        self.start()
        self._ended.wait(seconds)
        return self._value

    def value(self) -> Value:
        """Return the value once it is there.

        Raises:
            DataError: the work failed; it says why.
        """
        found = self.wait()
        if found is None:
            raise DataError(self.problem)
        return found

    def peek(self) -> Value | None:
        """Begin the work and return the value where it is there already, else None."""
        self.start()
        return self._value

    def seen(self) -> Seen[Value]:
        """Begin the work and return how far it is; the value is there exactly when the state is ``done``."""
        self.start()
        state = self.state
        return Seen(
            state,
            self.problem,
            self._value if state == DONE else None,
            self._progress if state == WORKING else "",
        )

    def _hear(self, words: str, share: float) -> None:
        self._progress = f"{words}, {share:.0%}"

    def _run(self) -> None:
        value, state, problem = None, FAILED, ENDING
        try:
            with broken_off_by(self._told), heard_by(self._hear):
                value = self._work()
            state, problem = DONE, ""
        except WeldonError as error:
            problem = str(error)
        except OSError as error:
            problem = system_sentence(error)
        except Exception as error:
            log.exception("the page could not work out: %s", self._name)
            problem = f"weldon did not foresee this: {error}"
        except SystemExit:
            pass
        finally:
            self._end(value, state, problem)

    def _end(self, value: Value | None, state: str, problem: str) -> None:
        with self._begin:
            if not self._ended.is_set():
                self._value, self.problem, self.state = value, problem, state
                self._ended.set()
