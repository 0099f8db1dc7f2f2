"""``weldon data get``: all archives of a public data set, fetched and unpacked into its layout."""

from __future__ import annotations

import shutil
from pathlib import Path

from weldon.data.public.catalogue import find_entry
from weldon.data.public.download import Progress, download
from weldon.data.public.entry import Archive, Entry
from weldon.data.public.unpack import unpack
from weldon.errors import DataError

MARKS = ".unpacked"  # a folder with an empty file for each archive that is done
FETCHED = ".fetched"  # ends the name of an empty file there, while an archive of ours is not yet unpacked


def fetch_dataset(
    name: str,
    data_root: str | Path,
    *,
    keep: bool = False,
    progress: Progress | None = None,
    pause: float = 2.0,
) -> Path:
    """Return the folder of a public data set after fetching and unpacking what is missing of it.

    Archives go one after the other, so that the disk holds one of them at a time. What a person has put
    there is used, verified, and left in place.

    Args:
        name: one of the catalogue.
        data_root: the data set gets a folder of its own below.
        keep: keep archives that were fetched.
        progress: told what is going on.
        pause: seconds before an interrupted connection is tried again.

    Raises:
        UsageError: no such data set.
        DataError: terms that a person must accept first, too little space, a file that cannot be had.
    """
    entry = find_entry(name)
    home = Path(data_root) / entry.home
    missing = [archive for archive in entry.archives if not is_done(home, archive)]
    _refuse_what_only_a_person_can_fetch(entry, home, missing)
    _refuse_too_little_space(home, missing, keep=keep)
    for archive in missing:
        ours = home / MARKS / f"{archive.name}{FETCHED}"  # so that after a kill it is still known whose it is
        if not (home / archive.name).is_file():
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.touch()
        path = download(archive, home, progress=progress, pause=pause)
        if archive.is_packed:
            unpack(path, home / archive.into, progress=progress)
            if ours.exists() and not keep:
                path.unlink()
            ours.parent.mkdir(exist_ok=True)
            (home / MARKS / archive.name).touch()
        ours.unlink(missing_ok=True)
    return home


def is_done(home: Path, archive: Archive) -> bool:
    """Return whether an archive was unpacked, or a plain file is there."""
    if archive.is_packed:
        return (home / MARKS / archive.name).exists()
    return (home / archive.name).is_file()


def space_needed(home: Path, archives: list[Archive], *, keep: bool) -> int:
    """Return the bytes that fetching and unpacking will take at most, as far as sizes are known.

    Args:
        home: of the data set; archives and parts that are there already are counted off.
        archives: to come.
        keep: archives stay beside what is unpacked from them.
    """
    sizes = [(archive.size or 0, archive) for archive in archives]
    unpacked = sum(size * archive.unpacked for size, archive in sizes if archive.is_packed)
    to_come = [max(0, size - _there(home, archive)) for size, archive in sizes]
    return round(unpacked + (sum(to_come) if keep else max(to_come, default=0)))


def _there(home: Path, archive: Archive) -> int:
    paths = (home / archive.name, home / f"{archive.name}.part")
    return max((path.stat().st_size for path in paths if path.is_file()), default=0)


def _refuse_what_only_a_person_can_fetch(entry: Entry, home: Path, missing: list[Archive]) -> None:
    absent = [a for a in missing if not a.addresses and not (home / a.name).is_file()]
    if not absent:
        return
    problems = [f"{archive.name}  {archive.checksum or ''}".rstrip() for archive in absent]
    raise DataError(
        f"{entry.title}: {entry.by_hand}\n  1. open {entry.page}\n"
        f"  2. put these files into {home}\n"
        f"  3. run `weldon data get {entry.name}` again: it verifies and unpacks them",
        problems,
    )


def _refuse_too_little_space(home: Path, missing: list[Archive], *, keep: bool) -> None:
    there = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    needed, free = space_needed(home, missing, keep=keep), shutil.disk_usage(there).free
    if needed > free:
        raise DataError(
            f"{home} needs {needed / 1e9:,.1f} GB and {there} has {free / 1e9:,.1f} GB free: make room, or "
            "choose another place with --data-root"
        )
