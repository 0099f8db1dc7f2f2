"""Named sets of training options, a TOML file each in ``presets/``; what a person gives wins over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weldon.errors import UsageError
from weldon.files import read_text, read_toml

HOME = Path(__file__).parent / "presets"
PRESETS = ("quick", "best", "paper")


def preset_options(name: str) -> dict[str, Any]:
    """Return the options of a preset.

    Raises:
        UsageError: there is none of that name.

    Example:
        >>> preset_options("quick")
        {'freeze': True, 'image_size': 320}
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
