"""The kinds of values that options of a recipe take, each refused by name where it cannot be used."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from weldon.device import check_device_name
from weldon.errors import DataError
from weldon.files import parse_json
from weldon.pooling import parse_count


def _count(value: Any) -> Any:
    return parse_count(value) if isinstance(value, str) else value


def _json(value: Any) -> Any:
    try:
        return parse_json(value, "it") if isinstance(value, str) else value
    except DataError as error:
        raise ValueError(f"must be JSON: {error}") from None


def _three(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _no_nan(value: float) -> float:
    if math.isnan(value):
        raise ValueError("must be a number")
    return value


def _weight(value: str) -> str:
    if value not in ("none", "balanced") and not 0 <= _number(value) < math.inf:
        raise ValueError("must be none, balanced or a finite number from 0")
    return value


def _share(value: str) -> str:
    if not Path(value).exists() and not 0 < _number(value, otherwise=0.5) < 1:
        raise ValueError("must be a share between 0 and 1, a folder or a table")
    return value


def _number(text: str, otherwise: float = -1.0) -> float:
    try:
        return float(text)
    except ValueError:
        return otherwise


Device = Annotated[str, AfterValidator(check_device_name)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Rate = Annotated[float, Field(allow_inf_nan=False, le=1e6)]  # float32 holds the product of two
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Real = Annotated[float, AfterValidator(_no_nan)]  # infinity too: the maximum
Colours = Annotated[tuple[Finite, Finite, Finite] | None, BeforeValidator(_three)]
Deviations = Annotated[tuple[Positive, Positive, Positive] | None, BeforeValidator(_three)]
Weight = Annotated[str, AfterValidator(_weight)]
Share = Annotated[str, AfterValidator(_share)]
Object = Annotated[dict[str, Any] | None, BeforeValidator(_json)]
Count = Annotated[int | float | Literal["all"] | None, BeforeValidator(_count)]
