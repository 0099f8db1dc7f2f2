"""IMAGES on the command line: files, folders, patterns and lists of paths become a list of named images."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from glob import has_magic
from logging import getLogger
from pathlib import Path, PurePosixPath

from weldon.counted import counted
from weldon.data.file_names import UNFIT, is_fit
from weldon.data.image import SUFFIXES
from weldon.data.shards import INDEX
from weldon.data.shards.listing import read_shards
from weldon.data.stores import address_of, object_sizes
from weldon.data.walk import is_hidden, notes_on, walk
from weldon.errors import DataError, UsageError
from weldon.files import read_text

log = getLogger("weldon")


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image file and the name under which its results are written."""

    path: Path
    file_name: str


def expand_images(sources: str | Path | Iterable[str | Path]) -> list[NamedImage]:
    """List the images of files, folders (recursive), shards, patterns (``*.jpg``, ``**``) and lists of paths.

    Files, folders and shards may have ``s3://`` addresses.

    A name is the path below the folder, below the fixed part of the pattern, or as the list gives it; an
    image reached twice is listed once, and two images of one name get their paths as names. What is passed
    over in a folder is logged.

    Args:
        sources: one source or several.

    Returns:
        The images, each source's in alphabetical order, a list's in its own.

    Raises:
        UsageError: a source does not exist, or a pattern matches nothing.
        DataError: a folder or list without images, a list that is no text, or one with missing files, each
            named with its row.
    """
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    found: dict[str, NamedImage] = {}
    for source in given:
        for image in _expand_one(str(source)):
            found.setdefault(os.path.realpath(image.path), image)
    if not found:
        raise UsageError(f"images must be files, folders, patterns or text lists, got {given!r}")
    return _tell_apart(list(found.values()))


def _expand_one(source: str) -> Iterator[NamedImage]:
    path = Path(source)
    if not is_fit(source):
        raise UsageError(f"images must have names that can be written down, got {source!r}: {UNFIT}")
    if address_of(path) is not None:
        return iter(_objects(path))
    if (path / INDEX).is_file():
        return (NamedImage(record.path, record.file_name) for record in read_shards(path).records)
    if path.is_dir():
        return iter(_folder(path))
    if path.is_file():
        return iter(_text_list(path) if path.suffix.lower() == ".txt" else [NamedImage(path, path.name)])
    if has_magic(source):
        return iter(_pattern(source))
    raise UsageError(
        f"images must be a file, folder, pattern or text list that exists, got {source!r}: correct the path"
    )


def _objects(path: Path) -> list[NamedImage]:
    """Return the pictures below an address, those of shards, or the one that it names."""
    address = str(address_of(path))
    if has_magic(address):
        raise UsageError(f"images in an object store must be a folder, shards or one object, got {address!r}")
    below = object_sizes(path)
    if INDEX in below:
        return [NamedImage(record.path, record.file_name) for record in read_shards(path).records]
    if not below:
        return [NamedImage(path, path.name)]
    names = [name for name in below if Path(name).suffix.lower() in SUFFIXES and is_fit(name)]
    if not names:
        raise DataError(f"{address} holds no image; looked for {' '.join(sorted(SUFFIXES))}")
    return [NamedImage(path / name, name) for name in names]


def _folder(folder: Path) -> list[NamedImage]:
    found = walk(folder)
    notes = notes_on(found, folder)
    if not found.images:
        raise DataError(
            f"{str(folder)!r} holds no image; looked, recursively, for {' '.join(sorted(SUFFIXES))}", notes
        )
    for note in notes:
        log.warning("%s: %s", folder, note)
    return [NamedImage(path, path.relative_to(folder).as_posix()) for path in found.images]


def _pattern(pattern: str) -> list[NamedImage]:
    root = _fixed_part(pattern)
    rest = str(Path(pattern).relative_to(root))
    try:
        # pathlib's ** follows no links to folders, which may lead in circles without number.
        matched = list(root.glob(f"{rest}/*" if Path(rest).name == "**" else rest))
    except ValueError as error:
        raise UsageError(f"images must be a pattern as photos/**/*.jpg, got {pattern!r}: {error}") from error
    files = sorted(path for path in matched if _is_image(path.relative_to(root), path))
    if not files:
        raise UsageError(
            f"images must match something, got the pattern {pattern!r} that matches no image: "
            "write it as 'photos/**/*.jpg', in quotes"
        )
    return [NamedImage(path, path.relative_to(root).as_posix()) for path in files]


def _is_image(name: Path, path: Path) -> bool:
    if any(is_hidden(part) for part in name.parts) or path.suffix.lower() not in SUFFIXES:
        return False
    if not is_fit(str(path)):
        log.warning("left out %r: %s", str(path), UNFIT)
        return False
    return path.is_file()


def _fixed_part(pattern: str) -> Path:
    """Return the folder before the first part of the pattern that holds a wildcard."""
    fixed = Path()
    for part in Path(pattern).parts[:-1]:
        if has_magic(part):
            break
        fixed /= part
    return fixed


def _text_list(listing: Path) -> list[NamedImage]:
    images, problems = [], []
    for row, line in enumerate(read_text(listing).split("\n"), start=1):
        name = line.strip()
        if not name:
            continue
        path = next((path for folder in (listing.parent, Path()) if _is_there(path := folder / name)), None)
        if not is_fit(name):
            problems.append(f"{listing}, row {row}: {name!r}: {UNFIT}")
        elif path is None:
            problems.append(f"{listing}, row {row}: {name!r} is not a file beside the list or here")
        else:
            images.append(NamedImage(path, _inside(name)))
    if problems:
        gone = counted(len(problems), "file that is", "files that are")
        raise DataError(f"{str(listing)!r} names {gone} not there", problems)
    if not images:
        raise DataError(f"{str(listing)!r} names no image; it must hold one path a line")
    return images


def _is_there(path: Path) -> bool:
    """Return whether there is such a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _inside(name: str) -> str:
    """Return a name without drive, root and ``..``, so that what is written under it stays in its folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return PurePosixPath(
        *(part for part in parts if part not in ("/", "..", ".") and ":" not in part)
    ).as_posix()


def _tell_apart(images: list[NamedImage]) -> list[NamedImage]:
    owners: dict[str, int] = {}
    for image in images:
        owners[image.file_name] = owners.get(image.file_name, 0) + 1
    return [
        image
        if owners[image.file_name] == 1
        else replace(image, file_name=_inside(image.path.resolve().as_posix()))
        for image in images
    ]
