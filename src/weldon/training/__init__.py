"""Train a network on image-level labels, and measure it."""

from weldon.training.evaluate import evaluate
from weldon.training.fit import train
from weldon.training.recipe import Recipe, build_recipe

__all__ = ["Recipe", "build_recipe", "evaluate", "train"]
