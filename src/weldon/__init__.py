"""Evidence for and against each class, from image-level labels.

The names below are loaded when first used: ``import weldon`` itself loads neither torch nor Lightning.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weldon import data, inference, losses, metrics, models, pooling, recipes, review, training
    from weldon.evaluation import evaluate
    from weldon.inference import load
    from weldon.inference.bag_predictor import load_bags
    from weldon.models import create_model, load_model, save_model
    from weldon.review import suspects
    from weldon.training import train

__version__ = "0.1.0"

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
    "pooling",
    "recipes",
    "review",
    "save_model",
    "suspects",
    "train",
    "training",
]

_FUNCTIONS = {
    "create_model": "weldon.models",
    "load_model": "weldon.models",
    "save_model": "weldon.models",
    "load": "weldon.inference",
    "load_bags": "weldon.inference.bag_predictor",
    "train": "weldon.training",
    "evaluate": "weldon.evaluation",
    "suspects": "weldon.review",
}


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    if name in __all__:
        return import_module(f"weldon.{name}")
    raise AttributeError(f"module 'weldon' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
