"""Check JSON files of a run when they are read back; write and read the settings that were tuned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from weldon.errors import DataError
from weldon.files import read_json_object, write_json

MOST_PROBLEMS = 5


def _none_for_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
Fitted = Annotated[Number | None, BeforeValidator(_none_for_nan)]


class Stored(BaseModel):
    """Values of these types and no others; names beyond them are not looked at."""

    model_config = ConfigDict(strict=True)


class TunedOn(Stored):
    """The declared images that chose settings."""

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


def read_stored(kind: type[Stored], path: Path) -> dict[str, Any]:
    """Return the values of a JSON file of a run, as they stand there.

    Args:
        kind: what the file must hold.
        path: the file.

    Raises:
        DataError: it cannot be read, or a value is missing or of another type.
    """
    values = read_json_object(path)
    try:
        kind.model_validate(values)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        shown = [line[:200] for line in found[:MOST_PROBLEMS]]
        raise DataError(
            f"{path} is not as weldon writes it: put back the file, or write it anew with the command that "
            "wrote it",
            shown,
        ) from None
    return values
