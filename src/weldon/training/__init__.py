"""Train a network on image-level labels.

The names are loaded when first used: the command line reads the recipe for its flags, and need not wait for
Lightning to show them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weldon.runs.recipe import Recipe, build_recipe
    from weldon.training.fit import train

__all__ = ["Recipe", "build_recipe", "train"]

_HOMES = {
    "Recipe": "weldon.runs.recipe",
    "build_recipe": "weldon.runs.recipe",
    "train": "weldon.training.fit",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for."""
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
