"""Measure a trained run: which classes it names rightly, and where."""

from weldon.evaluation.evaluate import evaluate

__all__ = ["evaluate"]
