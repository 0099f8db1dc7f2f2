"""Settings that declared images chose, kept beside the run with the names of these images."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weldon.evaluation.selection import MeasuredImages
from weldon.files import write_json
from weldon.runs.stored import Stored, read_stored

log = logging.getLogger("weldon")


def write_declared(path: Path, values: Mapping[str, Any], images: MeasuredImages, *, source: str) -> None:
    """Write settings and the images that chose them."""
    names = sorted(record.file_name for record in images.tuning)
    tuned_on = {"source": source, "data": str(images.data.resolve()), "images": names}
    write_json(path, {**values, "tuned_on": tuned_on})


def read_declared(kind: type[Stored], path: Path, images: MeasuredImages) -> dict[str, Any] | None:
    """Return stored settings, None where there are none or where measured images chose them.

    Raises:
        DataError: the file is not of its ``kind``.
    """
    if not path.is_file():
        return None
    stored = read_stored(kind, path)
    tuned_on = stored.get("tuned_on") or {}
    names = set(tuned_on.get("images", ()))
    same = tuned_on.get("data") == str(images.data.resolve())
    seen = sum(same and record.file_name in names for record in images.measured)
    if seen:
        log.warning("%s was chosen on %d of the measured images and is not used for them", path.name, seen)
    return None if seen else stored
