"""Evidence for and against each class, from image-level labels.

The names below are loaded when first used: ``import weldon`` itself loads neither torch nor Lightning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.lazy import lazy_names

if TYPE_CHECKING:
    from weldon import data, inference, losses, metrics, models, pooling, recipes, review, training
    from weldon.evaluation import evaluate
    from weldon.inference import load
    from weldon.inference.bag_predictor import load_bags
    from weldon.models import create_model, load_model, save_model
    from weldon.review import next_images, suspects
    from weldon.training import train

__version__ = "0.1.0"

__getattr__, __dir__ = lazy_names(__name__)

__all__ = [
    "create_model",
    "data",
    "evaluate",
    "inference",
    "load",
    "load_bags",
    "load_model",
    "losses",
    "metrics",
    "models",
    "next_images",
    "pooling",
    "recipes",
    "review",
    "save_model",
    "suspects",
    "train",
    "training",
]
