"""Which file a table goes to: nothing that the user had is overwritten unasked."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from weldon.errors import UsageError


def table_path(out: Path | None, name: str, *, overwrite: bool, beside: str | None = None) -> Path:
    """Return the CSV file to write: ``out``, or the first free of ``runs/NAME.csv``, ``runs/NAME2.csv``, ….

    Args:
        out: as the user says, or None.
        name: of the command.
        overwrite: replace a file that is there.
        beside: the ending of another file that is written beside it, under the same name.

    Raises:
        UsageError: it does not end in ``.csv``, or it, or the file beside it, is there already.
    """
    if out is None:
        names = (Path("runs") / f"{name}{'' if n == 1 else n}.csv" for n in count(1))
        return next(path for path in names if not any(file.exists() for file in _both(path, beside)))
    if out.suffix.lower() != ".csv":
        raise UsageError(f"out must end in .csv, got {str(out)!r}")
    taken = [file for file in _both(out, beside) if file.exists()]
    if taken and not overwrite:
        raise UsageError(f"out {str(taken[0])!r} exists: choose another with --out, or use --overwrite")
    return out


def _both(path: Path, beside: str | None) -> list[Path]:
    return [path] if beside is None else [path, path.with_suffix(beside)]
