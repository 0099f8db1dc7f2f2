"""Label files: one reader a form, and one function for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.lazy import lazy_names

if TYPE_CHECKING:
    from weldon.data.labels.read import read_labels

__getattr__, __dir__ = lazy_names(__name__)

__all__ = ["read_labels"]
