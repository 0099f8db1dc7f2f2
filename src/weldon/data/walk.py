"""All files below a folder, once each: hidden ones counted, links followed, circles named."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weldon.counted import counted
from weldon.data.file_names import is_fit
from weldon.data.image import SUFFIXES
from weldon.data.unread_formats import CONVERTIBLE
from weldon.errors import DataError, printable, system_reason

# What systems and programs put beside people's files, in lower-case letters.
_SYSTEM = frozenset(
    {
        *("__macosx", "__pycache__", "@eadir", "#recycle", "#snapshot", "@recycle", "@__thumb"),
        *("@recently-snapshot", "$recycle.bin", "system volume information", "lost+found"),
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
    }
)
_NAMED = 5


@dataclass(slots=True)
class Found:
    """What lies below a folder.

    Args:
        images: files that are pictures by their ending.
        others: files that are none.
        hidden: files and folders that are hidden or a system's own, with the number of files in them.
        broken: links that lead nowhere or in a circle, and folders that cannot be opened.
        unfit: files and folders whose names no table can carry.
    """

    images: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    broken: list[Path] = field(default_factory=list)
    unfit: list[Path] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Take in what another walk found."""
        self.images += other.images
        self.others += other.others
        self.hidden += other.hidden
        self.broken += other.broken
        self.unfit += other.unfit


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is hidden, or a system's own.

    Example:
        >>> [is_hidden(name) for name in (".ipynb_checkpoints", "@eaDir", "__background__")]
        [True, True, False]
    """
    return name.startswith(".") or name.lower() in _SYSTEM


def walk(folder: Path) -> Found:
    """Return all files below ``folder``, sorted; links are followed, and no folder is entered twice.

    What lies above ``folder`` is not entered from within.
    """
    found, seen = Found(), set[tuple[int, int]]()
    for place in (folder.resolve(), *folder.resolve().parents)[1:]:
        state = place.stat()
        seen.add((state.st_dev, state.st_ino))
    waiting = [folder]
    while waiting:  # no recursion: folders may lie deeper than Python follows
        waiting.extend(reversed(_enter(waiting.pop(), seen, found)))
    found.images.sort()
    found.others.sort()
    return found


def level(folder: Path) -> tuple[list[Path], Found]:
    """Return the folders in a folder, and the files that lie in it, without looking deeper.

    Raises:
        DataError: it cannot be opened.
    """
    found, folders = Found(), []
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"cannot read the folder {folder}: {system_reason(error)}") from error
    for entry in entries:
        if (inner := _sorted_in(entry, folder / entry.name, found)) is not None:
            folders.append(inner)
    return folders, found


def _enter(folder: Path, seen: set[tuple[int, int]], found: Found) -> list[Path]:
    """Take in the files of a folder that was not entered before; return the folders in it."""
    try:
        state = folder.stat()
        folders, here = level(folder)
    except (OSError, DataError):
        found.broken.append(folder)
        return []
    if (state.st_dev, state.st_ino) in seen:
        found.broken.append(folder)
        return []
    seen.add((state.st_dev, state.st_ino))
    found.add(here)
    return folders


def _sorted_in(entry: os.DirEntry[str], path: Path, found: Found) -> Path | None:
    """Put a file where it belongs; return a folder that is to be looked into."""
    is_folder = _leads_to_folder(entry)
    if is_hidden(entry.name):
        found.hidden[entry.name] += _files_in(path) if is_folder else 1
    elif not is_fit(entry.name):
        found.unfit.append(path)
    elif is_folder is None:
        found.broken.append(path)
    elif is_folder:
        return path
    else:
        (found.images if path.suffix.lower() in SUFFIXES else found.others).append(path)
    return None


def _leads_to_folder(entry: os.DirEntry[str]) -> bool | None:
    """Return whether an entry is a folder; None for a link that leads nowhere, or what is no file."""
    try:
        return True if entry.is_dir() else False if entry.is_file() else None
    except OSError:
        return None


def _files_in(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


def notes_on(found: Found, root: Path) -> list[str]:
    """Return a sentence for each kind of file that is passed over: how many, which, what to do."""
    return [*_on_hidden(found), *_on_others(found, root), *_on_broken(found, root), *_on_unfit(found, root)]


def _on_hidden(found: Found) -> Iterator[str]:
    if found.hidden:
        shown = _list([f"{name} ({count})" for name, count in sorted(found.hidden.items())])
        yield f"{counted(found.hidden.total(), 'file')} hidden or a system's own, passed over: {shown}"


def _on_others(found: Found, root: Path) -> Iterator[str]:
    by_ending: dict[str, list[Path]] = {}
    for path in found.others:
        by_ending.setdefault(path.suffix.lower(), []).append(path)
    for ending, paths in sorted(by_ending.items()):
        shown = _list([path.relative_to(root).as_posix() for path in paths])
        if ending in CONVERTIBLE:
            files = counted(len(paths), "file")
            yield f"{files} of {ending} cannot be read, convert it to JPEG or PNG first: {shown}"
        else:
            kind = f"of {ending}" if ending else "without an ending"
            yield f"{counted(len(paths), 'file')} {kind}, no image by its ending, passed over: {shown}"


def _on_broken(found: Found, root: Path) -> Iterator[str]:
    if found.broken:
        shown = _list([path.relative_to(root).as_posix() for path in found.broken])
        yield (
            f"{counted(len(found.broken), 'link')} to nothing, in a circle or to what is there already, or "
            f"closed folders: {shown}"
        )


def _on_unfit(found: Found, root: Path) -> Iterator[str]:
    if found.unfit:
        shown = _list([repr(path.relative_to(root).as_posix()) for path in found.unfit])
        yield (
            f"{counted(len(found.unfit), 'name')} of files or folders are no UTF-8 text or hold control "
            f"characters and were left out, rename them: {shown}"
        )


def _list(names: Sequence[str]) -> str:
    return printable(", ".join(names[:_NAMED])) + (", ..." if len(names) > _NAMED else "")
