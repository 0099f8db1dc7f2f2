"""What the cases read: pictures and trained runs, made once by the library's own commands."""

from __future__ import annotations

from pathlib import Path

from stress.truth import write_pictures


def build_world(folder: Path) -> None:
    """Make what all cases share, unless it is there."""
    if not (folder / "pictures").exists():
        write_pictures(folder / "pictures")
