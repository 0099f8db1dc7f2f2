"""A value that a thread works out while the page is already open: waiting, working, done or failed."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from weldon.errors import DataError, WeldonError, system_sentence

log = logging.getLogger("weldon")
Value = TypeVar("Value")

WAITING, WORKING, DONE, FAILED = "waiting", "working", "done", "failed"


class Seen(NamedTuple, Generic[Value]):
    """How far some work is: its state, why it failed, and its value once it is done."""

    state: str
    problem: str
    value: Value | None


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
        self._ended = threading.Event()
        self._value: Value | None = None
        self._thread: threading.Thread | None = None
        self.state = WAITING
        self.problem = ""

    def start(self) -> None:
        """Begin the work, unless it has begun."""
        with self._begin:
            if self.state != WAITING:
                return
            self.state = WORKING
        self._thread = threading.Thread(target=self._run, name=f"weldon-{self._name}", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 20.0) -> None:
        """Break off work that is under way, and wait until it has ended.

        A process must not leave while a thread computes: Python ends such a thread in the middle of
        compiled code, which aborts the whole process.
        """
        with self._begin:
            thread = self._thread
            if self.state == WAITING:
                self.state, self.problem = FAILED, "the server is ending"
                self._ended.set()
        if thread is not None and thread.is_alive():
            number = ctypes.c_ulong(thread.ident or 0)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))
            thread.join(seconds)

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
        return Seen(state, self.problem, self._value if state == DONE else None)

    def _run(self) -> None:
        try:
            self._value = self._work()
            self.state = DONE
        except WeldonError as error:
            self.problem, self.state = str(error), FAILED
        except OSError as error:
            self.problem, self.state = system_sentence(error), FAILED
        except Exception as error:
            log.exception("the page could not work out: %s", self._name)
            self.problem, self.state = f"weldon did not foresee this: {error}", FAILED
        except SystemExit:
            self.problem, self.state = "the server is ending", FAILED
        finally:
            self._ended.set()
