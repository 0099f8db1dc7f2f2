"""Write ``segmentation.json`` and ``localisation.json``: settings that were tuned, and on which images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from weldon.files import write_json
from weldon.runs.checked_json import Number, Stored

Share = Annotated[float, Field(gt=0, lt=1)]


class TunedOn(Stored):
    """The tuning images that chose settings."""

    data: str
    images: list[str]


class Segmentation(Stored):
    """``segmentation.json``."""

    background: Number
    relative: bool
    crf: dict[str, Number]
    tuned_on: TunedOn | None = None


class Localisation(Stored):
    """``localisation.json``."""

    box_threshold: Share
    thresholds: list[Share] | None = None
    tuned_on: TunedOn | None = None


def write_tuned(
    path: Path, values: Mapping[str, Any], *, source: str | None, data: Path, images: Iterable[str]
) -> None:
    """Write ``segmentation.json`` or ``localisation.json``: settings, and the images that chose them.

    Args:
        path: the file.
        values: what :class:`Segmentation` or :class:`Localisation` names, and more to look at.
        source: how the caller named the images.
        data: the folder they are in.
        images: their file names.
    """
    tuned_on = {"source": source, "data": str(data.resolve()), "images": sorted(images)}
    write_json(path, {**values, "tuned_on": tuned_on})
