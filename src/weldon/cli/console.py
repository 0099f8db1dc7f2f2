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

# Names of files and classes stand in what is printed: ``:smile:`` in one of them is no picture.
out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


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


class LogLines(logging.Handler):
    """Says every record on the standard error of that moment, which need not be the one of the start."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say one record as a line."""
        try:
            say(self.format(record))
        except Exception:
            self.handleError(record)


def show_log() -> None:
    """Show on standard error what the library logs."""
    log = logging.getLogger("weldon")
    if not any(isinstance(handler, LogLines) for handler in log.handlers):
        log.addHandler(LogLines())
    log.setLevel(logging.INFO)
    log.propagate = False
