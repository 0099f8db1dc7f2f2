"""Run the rows of a table: choose on held-back images, train every seed, measure once, print the table.

The names are loaded when first used: the command line need not wait for Lightning to show its help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.lazy import lazy_names

if TYPE_CHECKING:
    from weldon.reproduce.run_rows import reproduce
    from weldon.reproduce.workspace import Workspace

__getattr__, __dir__ = lazy_names(__name__)

__all__ = ["Workspace", "reproduce"]
