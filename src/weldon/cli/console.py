"""Print figures to standard output and words to standard error, for every verb."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from weldon.files import json_values

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(values: Any) -> None:
    """Print one JSON object on standard output; NaN and infinity become null."""
    sys.stdout.write(json.dumps(json_values(values), ensure_ascii=False, default=str) + "\n")


def say(words: str) -> None:
    """Print a line for a person, away from standard output."""
    err.print(words, markup=False, soft_wrap=True)


def say_error(words: str) -> None:
    """Print why nothing was done."""
    err.print(f"error: {words}", markup=False, soft_wrap=True, style="bold red" if err.is_terminal else None)


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table, names as they are; every column but the first is aligned right."""
    table = Table(title=escape(title), title_justify="left")
    for number, name in enumerate(columns):
        table.add_column(escape(name), justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*map(escape, row))
    out.print(table)


def show_log() -> None:
    """Show on standard error what the library logs."""
    log = logging.getLogger("weldon")
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
