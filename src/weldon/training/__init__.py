"""Train a network on image-level labels.

The names are loaded when first used: the command line reads the recipe for its flags, and need not wait for
Lightning to show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.lazy import lazy_names

if TYPE_CHECKING:
    from weldon.runs.recipe import Recipe
    from weldon.runs.recipe_file import build_recipe
    from weldon.training.fit import train

__getattr__, __dir__ = lazy_names(__name__)

__all__ = ["Recipe", "build_recipe", "train"]
