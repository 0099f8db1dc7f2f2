"""Define the errors of the library; every message says what was given and what to do."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from urllib.parse import unquote, urlsplit

_LONGEST = 2000  # characters of a problem: what a file holds must not flood the terminal


class WeldonError(Exception):
    """Anything weldon refuses to do; the command line prints it and leaves with ``exit_code``."""

    exit_code = 2


class UsageError(WeldonError, ValueError):
    """An argument or option that cannot be used; the message names it, its value and the choices."""


class MissingPackageError(UsageError):
    """A package is not installed that few people need; the message is the command that installs it.

    Args:
        purpose: what cannot be done without it, as the beginning of a sentence.
        package: name of the package.
        extra: of weldon, that brings it.
    """

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        super().__init__(f"{purpose} {package} must be installed: {install_command(extra)}")


@cache
def install_command(extra: str) -> str:
    """Return the command that adds an extra to weldon as it is installed here: from a folder, or by name."""
    try:
        told = json.loads(metadata.distribution("weldon").read_text("direct_url.json") or "{}")
        address, editable = urlsplit(told["url"]), told["dir_info"].get("editable", False)
    except (metadata.PackageNotFoundError, KeyError, ValueError):
        return f"pip install 'weldon[{extra}]'"
    return f"pip install {'-e ' if editable else ''}'{unquote(address.path)}[{extra}]'"


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
        self.summary = printable(summary)
        self.problems = tuple(printable(problem[:_LONGEST]) for problem in problems)
        super().__init__("\n  ".join((self.summary, *self.problems)))


class StoreError(WeldonError):
    """An object store that does not answer, or refuses: no fault of one picture, so the command ends.

    Its text is one sentence, also where a process that reads for another hands it on with its traceback.
    """

    exit_code = 1

    def __str__(self) -> str:
        return super().__str__().rpartition("StoreError: ")[2].strip()


# Controls but tab and line end, halves of characters, and what turns the direction of the text around it.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return a text with the characters that no terminal can show, or that mislead on one, as escapes.

    Example:
        >>> printable("caf\u00e9 \x1b[31m")
        'café \\x1b[31m'
    """
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


REASONS = {
    errno.ENOSPC: "no room left on the disk: free some, or choose a folder elsewhere",
    errno.EDQUOT: "the disk quota is used up: free some room, or choose a folder elsewhere",
    errno.EROFS: "the disk is read-only: choose a folder elsewhere",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.ENOENT: "no such file or folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.ELOOP: "the links lead in a circle",
    errno.EMFILE: "too many files are open",
}


def system_reason(error: OSError) -> str:
    """Return what the system says, as a person would.

    Example:
        >>> system_reason(OSError(errno.ENOSPC, "No space left on device"))
        'no room left on the disk: free some, or choose a folder elsewhere'
    """
    said = error.strerror or str(error) or type(error).__name__
    return REASONS.get(error.errno or 0, said[:1].lower() + said[1:])


def system_sentence(error: OSError) -> str:
    """Return one sentence with the path that failed and the reason.

    Example:
        >>> system_sentence(FileNotFoundError(errno.ENOENT, "No such file or directory", "a.csv"))
        'a.csv: no such file or folder'
    """
    named = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return ": ".join([*named[:1], system_reason(error)])
