"""Read a recipe from flags, a TOML file and a preset, of which the first wins; write it into a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from weldon.errors import DataError, UsageError
from weldon.files import read_text, read_toml, write_toml
from weldon.runs.option_kinds import refusals
from weldon.runs.recipe import Recipe

HOME = Path(__file__).parent / "presets"
PRESETS = ("quick", "best", "paper")


def preset_options(name: str) -> dict[str, Any]:
    """Return the options of a preset.

    Raises:
        UsageError: there is none of that name.

    Example:
        >>> preset_options("quick")
        {'freeze': True, 'image_size': 320, 'search_rounds': 0}
    """
    return read_toml(_file(name))


def preset_text(name: str) -> str:
    """Return the file of a preset as it stands, with the sentences that say what it is for.

    Raises:
        UsageError: there is none of that name.
    """
    return read_text(_file(name))


def over_preset(name: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a person gave laid over those of a preset; None: no preset."""
    return {**({} if name is None else preset_options(name)), **options}


def _file(name: str) -> Path:
    if name not in PRESETS:
        raise UsageError(f"preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return HOME / f"{name}.toml"


def build_recipe(
    options: Mapping[str, Any], config: str | Path | None = None, preset: str | None = None
) -> Recipe:
    """Return the recipe of a TOML file with the given options on top.

    Args:
        options: option names and values; ``None`` means "not given".
        config: a TOML file with the same names, or None.
        preset: the name of one, under both; or None.

    Raises:
        UsageError: an unknown option, a value that cannot be used (each is named), no such preset.
        DataError: the file cannot be read, or it is the file that names what cannot be used.
    """
    return _checked(options, config, over_preset(preset, {} if config is None else read_toml(config)))


def stored_recipe(config: Path, values: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a file that has been read.

    Args:
        config: the file, for the error message.
        values: what it holds.

    Raises:
        DataError: an option that cannot be used.
    """
    return _checked({}, config, values)


def _checked(options: Mapping[str, Any], config: str | Path | None, stored: Mapping[str, Any]) -> Recipe:
    given = {name: value for name, value in options.items() if value is not None}
    if "tile" in given and (said := [name for name in ("image_size", "resize") if name in given]):
        raise UsageError(f"{' and '.join(said)} must be left out with tile: pictures keep their own pixels")
    try:
        return Recipe.model_validate({**stored, **given})
    except ValidationError as error:
        wrong, reasons = error.errors(), refusals(error, Recipe.model_fields)
    if config is not None and not any(_is_given(item["loc"], given) for item in wrong):
        raise DataError(f"{config} has options that cannot be used:", reasons)
    raise UsageError("\n".join(reasons))


def _is_given(place: tuple[int | str, ...], given: Mapping[str, Any]) -> bool:
    """Return whether a refused value is the caller's, or may be: what does not go together has no place."""
    return place[0] in given if place else bool(given)


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Write ``recipe`` so that :func:`build_recipe` reads it back; what was not given is left out."""
    write_toml(path, recipe.model_dump(mode="json", exclude_none=True))
