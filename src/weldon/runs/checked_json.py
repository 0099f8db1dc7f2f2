"""Check a JSON file of a run against what it must hold."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from weldon.errors import DataError
from weldon.files import read_json_object

MOST_PROBLEMS = 5


def _none_for_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


Number = Annotated[float, Field(allow_inf_nan=False)]
Fitted = Annotated[Number | None, BeforeValidator(_none_for_nan)]


class Stored(BaseModel):
    """Values of these types and no others; names beyond them are not looked at."""

    model_config = ConfigDict(strict=True)


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
