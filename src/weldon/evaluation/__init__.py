"""Measure a trained run: which classes it names rightly, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.lazy import lazy_names

if TYPE_CHECKING:
    from weldon.evaluation.evaluate import evaluate

__getattr__, __dir__ = lazy_names(__name__)

__all__ = ["evaluate"]
