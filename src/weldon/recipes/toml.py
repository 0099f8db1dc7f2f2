"""Recipe files: TOML that may extend a shared one, and errors that name the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from weldon.errors import UsageError
from weldon.files import read_toml

HOME = Path(__file__).parent
SHARED = HOME / "shared"
Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A model that refuses names it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


def read(path: Path) -> dict[str, Any]:
    """Return the values of a recipe file, those of ``extends = "NAME"`` underneath.

    A table of the file adds to the same table of the shared one; anything else replaces it.

    Raises:
        DataError: a file that is missing or is not TOML.
    """
    values = read_toml(path)
    below = values.pop("extends", None)
    return values if below is None else over(values, read(SHARED / f"{below}.toml"))


def over(values: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` laid over ``below``, tables joined.

    Example:
        >>> over({"train": {"k": 30}}, {"train": {"pool": "weldon"}, "seeds": [0]})
        {'train': {'pool': 'weldon', 'k': 30}, 'seeds': [0]}
    """
    joined = {
        name: over(value, below[name])
        if isinstance(value, dict) and isinstance(below.get(name), dict)
        else value
        for name, value in values.items()
    }
    return {**below, **joined}


def build(kind: type[Model], values: dict[str, Any], path: Path) -> Model:
    """Return a checked model.

    Raises:
        UsageError: names the file and every value that cannot be used.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        places = (".".join(map(str, item["loc"])) + f": {item['msg']}" for item in error.errors())
        raise UsageError(f"recipe {path.relative_to(HOME)}: {'; '.join(places)}") from None
