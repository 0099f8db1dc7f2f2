"""Run the rows of a table: choose on held-back images, train every seed, measure once, print the table.

The names are loaded when first used: the command line need not wait for Lightning to show its help.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weldon.reproduce.rows import reproduce
    from weldon.reproduce.workspace import Workspace

__all__ = ["Workspace", "reproduce"]

_HOMES = {"Workspace": "workspace", "reproduce": "rows"}


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(f"weldon.reproduce.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
