"""Where feature maps are kept: the folder, the room they need there, and what to do when it is wanting."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from rich.filesize import decimal

from weldon.errors import DataError, system_reason, system_sentence

log = logging.getLogger("weldon")
MARGIN = 1.02  # of the maps alone: their list, their masks, the disk's own tables
ROW_BYTES = 200  # of the list, an image
ELSEWHERE = "another folder: train --cache DIR (`cache` in the run's config.toml) or WELDON_CACHE=DIR"


def cache_folder(chosen: Path | None) -> Path:
    """Return the folder for cached maps: the chosen one, ``WELDON_CACHE``, or the user's cache folder."""
    if chosen is not None:
        return chosen
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("WELDON_CACHE") or Path(user) / "weldon") / "features"


def refuse_small_disk(folder: Path, images: int, cell: tuple[int, ...], *, what: str = "images") -> None:
    """Say how much room the maps take, and stop where the disk has less.

    Args:
        folder: where they are to lie; it exists.
        images: N.
        cell: ``(h, w, F)`` of each map.
        what: the N are.

    Raises:
        DataError: names the folder, the room needed and the room there.
    """
    needed = math.ceil(images * (2 * math.prod(cell) * MARGIN + math.prod(cell[:2]) + ROW_BYTES))
    free = shutil.disk_usage(folder).free
    each = " x ".join(f"{side:,}" for side in cell)
    said = f"feature maps of {images:,} {what}, {each} numbers each"
    if needed > free:
        raise DataError(
            f"{said}, need {decimal(needed)} in {folder}, and its disk has {decimal(free)} left: "
            f"free some, or choose {ELSEWHERE}"
        )
    log.info("%s, take %s in %s (%s left there)", said, decimal(needed), folder, decimal(free))


@contextlib.contextmanager
def failures_told(folder: Path) -> Iterator[None]:
    """Turn what the system refuses into a sentence.

    Raises:
        DataError: names the folder and the reason.
    """
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot keep feature maps in {folder}: {_reason(error, folder)} (to choose {ELSEWHERE})"
        ) from error


def _reason(error: OSError, folder: Path) -> str:
    named = str(error.filename)
    hidden = named in ("None", str(folder)) or ".part" in named  # a draft's name says nothing
    return system_reason(error) if hidden else system_sentence(error)
