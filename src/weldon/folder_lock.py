"""One process at a time works in a folder: a lock that the system frees, however its holder ends."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
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
