"""A folder appears whole or not at all: it is filled under another name and renamed."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from weldon.files import is_alive

_DAY = 86_400  # seconds without a write after which a draft of another machine is taken for dead
_own: set[str] = set()  # drafts this process works on: after a restart its number may be an older one's


@contextlib.contextmanager
def draft_folder(place: Path) -> Iterator[Path]:
    """Yield a new folder beside ``place`` to fill; hand it to :func:`take_place`, else it is removed.

    Raises:
        OSError: no room, no permission, a part of the path is a file, …
    """
    draft = _draft_of(place)
    _own.add(draft.name)
    try:
        draft.mkdir(parents=True)
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        _own.discard(draft.name)


def take_place(draft: Path, place: Path) -> bool:
    """Rename ``draft`` to ``place``; False where another process was there first.

    Raises:
        OSError: for another reason.
    """
    try:
        os.rename(draft, place)
    except OSError:
        if place.is_dir():
            return False
        raise
    return True


def remove_whole(place: Path) -> None:
    """Remove a folder or file at once for everybody else: it is renamed before it is emptied.

    Raises:
        OSError: it may not be removed.
    """
    doomed = _draft_of(place)
    try:
        os.rename(place, doomed)
    except FileNotFoundError:  # another process did it
        return
    _remove(doomed)


def clear_draft_folders(parent: Path) -> list[Path]:
    """Remove the drafts in ``parent`` whose process is no more, and return them."""
    found = [draft for draft in parent.glob(".*.part") if _dead(draft)]
    for draft in found:
        _remove(draft)
    return found


def _draft_of(place: Path) -> Path:
    # Machines and containers that share a disk have process numbers of their own.
    return place.with_name(f".{place.name}.{_machine()}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part")


def _machine() -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", platform.node())[:60] or "here"


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _dead(draft: Path) -> bool:
    parts = draft.name.split(".")
    if draft.name in _own or len(parts) < 6:  # "", name, machine, process, token, "part"
        return False
    machine, process = parts[-4:-2]
    if machine != _machine():
        return time.time() - _last_write(draft) > _DAY
    return process == str(os.getpid()) or not is_alive(process)


def _last_write(draft: Path) -> float:
    times = [draft.lstat().st_mtime]
    with contextlib.suppress(OSError):
        times += [entry.stat().st_mtime for entry in os.scandir(draft)]
    return max(times)
