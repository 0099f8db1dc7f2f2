"""One process at a time works in a folder, or on a part of it: locks that the system frees in any case."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weldon.errors import UsageError

LOCK = ".lock"
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)  # a file system that has none
_held: set[tuple[int, int]] = set()  # these locks do not exclude a process from itself


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this process; the file ``.lock`` stays in it and follows it when it is renamed.

    Processes that this one starts do not inherit the lock: a kill frees it at once, though workers live on.

    Raises:
        UsageError: another process holds it, or this one does already.
        OSError: no such folder, or nothing can be written there.
    """
    state = os.stat(folder)
    identity = (state.st_dev, state.st_ino)
    if identity in _held:  # to open the file and close it again would free the lock
        raise _refused(folder)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(descriptor, folder)
        _held.add(identity)
        yield
    finally:
        _held.discard(identity)
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise _refused(folder) from None
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(os.fstat(descriptor), os.stat(folder / LOCK)):
            return
    raise _refused(folder)  # it was replaced between opening and locking


def _refused(folder: Path) -> UsageError:
    return UsageError(
        f"another process is training in {str(folder)!r}: wait until it has ended, or choose another --out"
    )


@dataclass(frozen=True)
class NumberedLocks:
    """Locks on the numbers 0, 1, … of one folder, each held by one process at a time.

    Args:
        descriptor: of the open file whose bytes are locked.
    """

    descriptor: int

    @contextlib.contextmanager
    def held(self, number: int, *, wait: bool = False) -> Iterator[bool]:
        """Yield whether this process holds a number; a file system without locks always says yes.

        Args:
            number: from 0.
            wait: until the other process has ended with it.
        """
        kind = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
        try:
            fcntl.lockf(self.descriptor, kind, 1, number)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                yield False
                return
            if error.errno not in _NO_LOCKS:
                raise
        try:
            yield True
        finally:
            with contextlib.suppress(OSError):
                fcntl.lockf(self.descriptor, fcntl.LOCK_UN, 1, number)


@contextlib.contextmanager
def numbered_locks(folder: Path) -> Iterator[NumberedLocks]:
    """Open the locks of a folder that several processes work in, each on numbers of its own.

    Raises:
        UsageError: this process works in the folder already; these locks do not exclude it from itself.
        OSError: no such folder, or nothing can be written there.
    """
    state = os.stat(folder)
    identity = (state.st_dev, state.st_ino)
    if identity in _held:
        raise UsageError(f"this process is at work in {str(folder)!r} already")
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _held.add(identity)
        yield NumberedLocks(descriptor)
    finally:
        _held.discard(identity)
        os.close(descriptor)
