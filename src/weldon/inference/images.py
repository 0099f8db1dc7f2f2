"""IMAGES on the command line: files, folders, patterns and lists of paths become a list of named images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from glob import glob, has_magic
from pathlib import Path, PurePosixPath

from weldon.data.image import SUFFIXES
from weldon.errors import DataError, UsageError


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image file and the name under which its results are written."""

    path: Path
    file_name: str


def expand_images(sources: str | Path | Iterable[str | Path]) -> list[NamedImage]:
    """List the images of files, folders (recursive), patterns (``*.jpg``, ``**``) and text files of paths.

    A name is the path below the folder, below the fixed part of the pattern, or as the list gives it; an
    image reached twice is listed once, and two images of one name get their paths as names.

    Args:
        sources: one source or several.

    Returns:
        The images, each source's in alphabetical order, a list's in its own.

    Raises:
        UsageError: a source does not exist, or a pattern matches nothing.
        DataError: a folder or list without images, or a list with missing files, each named with its row.
    """
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    found: dict[Path, NamedImage] = {}
    for source in given:
        for image in _expand_one(str(source)):
            found.setdefault(image.path.resolve(), image)
    if not found:
        raise UsageError(f"images must be files, folders, patterns or text lists, got {given!r}")
    return _tell_apart(list(found.values()))


def photo_folder(images: Iterable[NamedImage]) -> Path | None:
    """Return the one folder below which every image has its file name, None where there is no such folder."""
    folder, *others = {_above(image) for image in images}
    return folder if not others and folder is not None and folder.name else None


def _above(image: NamedImage) -> Path | None:
    parts = PurePosixPath(image.file_name).parts
    whole = image.path.absolute()
    return whole.parents[len(parts) - 1] if whole.parts[-len(parts) :] == parts else None


def _expand_one(source: str) -> Iterator[NamedImage]:
    path = Path(source)
    if path.is_dir():
        return iter(_folder(path))
    if path.is_file():
        return iter(_text_list(path) if path.suffix.lower() == ".txt" else [NamedImage(path, path.name)])
    if has_magic(source):
        return iter(_pattern(source))
    raise UsageError(f"images must be a file, folder, pattern or text list that exists, got {source!r}")


def _is_image(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix.lower() in SUFFIXES and not hidden and path.is_file()


def _folder(folder: Path) -> list[NamedImage]:
    files = sorted(path for path in folder.rglob("*") if _is_image(path))
    if not files:
        raise DataError(
            f"{str(folder)!r} holds no image; looked, recursively, for {' '.join(sorted(SUFFIXES))}"
        )
    return [NamedImage(path, path.relative_to(folder).as_posix()) for path in files]


def _pattern(pattern: str) -> list[NamedImage]:
    files = sorted(path for path in map(Path, glob(pattern, recursive=True)) if _is_image(path))
    if not files:
        raise UsageError(f"images must match something, got the pattern {pattern!r} that matches no image")
    root = _fixed_part(pattern)
    return [NamedImage(path, path.relative_to(root).as_posix()) for path in files]


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
    for row, line in enumerate(listing.read_text(encoding="utf-8-sig").splitlines(), start=1):
        name = line.strip()
        if not name:
            continue
        path = next((folder / name for folder in (listing.parent, Path()) if (folder / name).is_file()), None)
        if path is None:
            problems.append(f"{listing}, row {row}: {name!r} is not a file beside the list or here")
        else:
            images.append(NamedImage(path, _inside(name)))
    if problems:
        raise DataError(f"{str(listing)!r} names {len(problems)} files that do not exist", problems)
    if not images:
        raise DataError(f"{str(listing)!r} names no image; it must hold one path a line")
    return images


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
