"""The one exception family: every message says what was given and what to do."""

from __future__ import annotations

from collections.abc import Iterable


class WeldonError(Exception):
    """Anything weldon refuses to do; the command line prints it and leaves with ``exit_code``."""

    exit_code = 2


class UsageError(WeldonError, ValueError):
    """An argument or option that cannot be used; the message names it, its value and the choices."""


class WeightsError(WeldonError):
    """Weights that cannot be had or do not fit; the message says which file to fetch and where to put it."""


class DataError(WeldonError):
    """Files or labels that cannot be used, listed one problem a line.

    Args:
        summary: one sentence: what is wrong and what to do.
        problems: one line for each finding, naming file and row.
    """

    exit_code = 1

    def __init__(self, summary: str, problems: Iterable[str] = ()) -> None:
        self.summary = summary
        self.problems = tuple(problems)
        super().__init__("\n  ".join((summary, *self.problems)))
