"""Train a network on image-level labels, and measure it.

The names are loaded when first used: the command line reads the recipe for its flags, and need not wait for
Lightning to show them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weldon.training.evaluate import evaluate
    from weldon.training.fit import train
    from weldon.training.recipe import Recipe, build_recipe

__all__ = ["Recipe", "build_recipe", "evaluate", "train"]

_HOMES = {"Recipe": "recipe", "build_recipe": "recipe", "evaluate": "evaluate", "train": "fit"}


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for.

    A submodule of the same name as its function (``evaluate``) hands out the function.
    """
    if name in _HOMES:
        value = getattr(import_module(f"weldon.training.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
