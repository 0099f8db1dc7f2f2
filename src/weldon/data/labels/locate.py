"""From the name of an image in a label file to the file itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from weldon.data.file_names import UNFIT, is_fit

LONGEST = 255  # characters of a name that a message repeats: the longest that file systems take


class Finder(Protocol):
    """From a name in a label file to what it names."""

    def find(self, name: str) -> Path | None:
        """Return where it lies, or None."""

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about a name that was not found."""


class ImageFinder:
    """Look for images beside the label file, then in the data folder, then in an ``images`` folder of either.

    Args:
        folders: where to look, in this order; an ``images`` folder inside each is tried after all of them.
        tails: also try a name without its first folders, for files that name images as another machine does.
    """

    def __init__(self, folders: Iterable[Path], *, tails: bool = False) -> None:
        self.tails = tails
        self._listings: dict[Path, dict[str, Path]] = {}
        plain = list(dict.fromkeys(folders))
        self.folders = (*plain, *(folder / "images" for folder in plain if (folder / "images").is_dir()))

    def find(self, name: str) -> Path | None:
        """Return the file of that name, or None.

        Backslashes are read as separators, and names that differ only in how an accent is composed are the
        same (archives made on a Mac).
        """
        if not is_fit(name):
            return None
        for spelling in self._spellings(name):
            for folder in self.folders:
                if _is_file(path := folder / spelling):
                    return path
        return None if name.isascii() else self._composed(name.replace("\\", "/"))

    def _composed(self, name: str) -> Path | None:
        """Return the file whose name differs only in how accents are composed, each folder looked through."""
        wanted = [unicodedata.normalize("NFC", part) for part in name.split("/")]
        for folder in self.folders:
            found: Path | None = folder
            for part in wanted:
                found = None if found is None else self._inside(found).get(part)
            if found is not None and _is_file(found):
                return found
        return None

    def _inside(self, folder: Path) -> dict[str, Path]:
        """Return what a folder holds by its composed name."""
        if folder not in self._listings:
            try:
                there = sorted(folder.iterdir())
            except (OSError, ValueError):
                there = []
            self._listings[folder] = {unicodedata.normalize("NFC", path.name): path for path in there}
        return self._listings[folder]

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about an image that was not found."""
        if not is_fit(name):
            return f"no file {_shortened(name)!r} can be looked for: {UNFIT}"
        looked = ", ".join(str(folder) for folder in self.folders)
        near = self._near(name)
        hint = f"; there is {near!r}: correct the name" if near else ""
        return f"no file {_shortened(name)!r} (looked in {looked}){hint}"

    def _near(self, name: str) -> str | None:
        """Return the name of a file that differs in case or in its ending only."""
        wanted = Path(name.replace("\\", "/"))
        for folder in self.folders:
            try:
                beside = sorted((folder / wanted).parent.iterdir())
            except (OSError, ValueError):  # no such folder; a name that no file can have
                continue
            for path in beside:
                if path.is_file() and path.stem.lower() == wanted.stem.lower():
                    return path.name
        return None

    def _spellings(self, name: str) -> Iterator[str]:
        slashed = name.replace("\\", "/")
        yield from dict.fromkeys(
            (name, slashed, *(unicodedata.normalize(form, slashed) for form in ("NFC", "NFD")))
        )
        if self.tails:
            parts = slashed.split("/")
            yield from ("/".join(parts[start:]) for start in range(1, len(parts)))


def _is_file(path: Path) -> bool:
    """Return whether there is such a file; a name that no file can have (an image in a URL) is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}..."
