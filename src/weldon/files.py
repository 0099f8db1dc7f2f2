"""The one way to read and write a file: whole or not at all, and every failure names the file."""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
import itertools
import json
import math
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from weldon.errors import DataError, system_reason

_MOST_BESIDE = 1000  # files of a folder that a misspelt name is compared with
_NAME_BYTES = 200  # of a draft's name: file systems allow 255 for the whole


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a draft beside ``path`` that takes its place once the block has ended well.

    A kill or a full disk leaves the old file as it was. A draft that a killed process left is found by
    :func:`clear_drafts`. Links are followed; the folder is made where it is missing.

    Args:
        path: the file that is to be written.

    Raises:
        OSError: no room, no permission, …; it names ``path``, and the draft is gone.
    """
    target = Path(os.path.realpath(path))
    draft = draft_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        os.replace(draft, target)
    except OSError as error:
        if error.filename in (None, str(draft)):  # the draft's name would say nothing to a person
            error.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def draft_of(path: Path) -> Path:
    """Return where this process writes ``path`` before it is whole.

    Example:
        >>> draft_of(Path("runs/a.json")).name == f".a.json.{os.getpid()}.part"
        True
    """
    name = path.name.encode(errors="surrogateescape")[:_NAME_BYTES].decode(errors="ignore")
    return path.with_name(f".{name}.{os.getpid()}.part")


def clear_drafts(folder: Path) -> list[Path]:
    """Remove the drafts in ``folder``, at any depth, whose process is no more, and return them."""
    found = [draft for draft in sorted(folder.rglob(".*.part")) if not is_alive(draft.name.split(".")[-2])]
    for draft in found:
        draft.unlink(missing_ok=True)
    return found


def is_alive(process: str) -> bool:
    """Return whether the process of that number runs on this machine; what is no number counts as alive."""
    if not process.isdigit():
        return True  # no draft of ours: leave it
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def near_name(path: Path) -> str:
    """Return words that name what lies beside ``path`` under nearly its name, for a refusal; none: no words.

    Example:
        >>> near_name(Path("nowhere/at/all"))
        ''
    """
    with contextlib.suppress(OSError):
        beside = [other.name for other in itertools.islice(path.parent.iterdir(), _MOST_BESIDE)]
        for name in difflib.get_close_matches(path.name, beside, n=1, cutoff=0.75):
            return f"; there is {name!r} beside it"
    return ""


def write_bytes(path: str | Path, content: bytes | memoryview) -> None:
    """Write ``content``, whole or not at all."""
    with replacing(path) as draft:
        draft.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8 with the line ends it has, whole or not at all."""
    write_bytes(path, text.encode(errors="surrogateescape"))


def write_json(path: str | Path, values: Any) -> None:
    """Write readable JSON, whole or not at all; NaN and infinity become null."""
    write_text(path, json.dumps(json_values(values), indent=1, ensure_ascii=False) + "\n")


def write_toml(path: str | Path, values: Mapping[str, Any]) -> None:
    """Write TOML, whole or not at all."""
    write_text(path, tomli_w.dumps(values))


def write_csv(path: str | Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Write rows with the columns named, else those of the last row, whole or not at all.

    Values of other columns are left out, missing ones are blank.
    """
    stream = io.StringIO()
    names = list(columns or rows[-1])
    writer = csv.DictWriter(stream, names, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, stream.getvalue())


def read_bytes(path: str | Path) -> bytes:
    """Return what a file holds.

    Raises:
        DataError: missing, a folder, no permission: it names the file and what the system says.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {system_reason(error)}") from error


def read_text(path: str | Path) -> str:
    r"""Return the text of a UTF-8 file, or UTF-16 with a mark; line ends become ``\n``.

    Raises:
        DataError: it cannot be read, is not such text, or holds zero bytes.
    """
    return utf8_text(read_bytes(path), str(path))


def utf8_text(data: bytes, source: str) -> str:
    r"""Return the text that a file holds, as :func:`read_text` does.

    Args:
        data: its bytes.
        source: the file, for the error.

    Raises:
        DataError: it is not such text, or holds zero bytes.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{source} row {row} is not UTF-8 text: save the file as UTF-8") from error
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{source} row {row} holds a zero byte, so it is no text; write the file anew")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_json(path: str | Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: it cannot be read, is no text or no JSON, or is nested deeper than Python follows.
    """
    return parse_json(read_text(path), str(path))


def parse_json(text: str, source: str) -> Any:
    """Return the value of a JSON text.

    Args:
        text: the JSON.
        source: the file, with the row where it has several, for the error.

    Raises:
        DataError: no JSON, a number of thousands of digits, or nested deeper than Python follows.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{source} is no JSON: {error}") from error
    except ValueError as error:  # Python refuses to turn thousands of digits into a number
        raise DataError(f"{source} holds a number that is too long: {error}") from error
    except RecursionError as error:
        raise DataError(f"{source} is nested too deeply to be read as JSON") from error


def read_json_object(path: str | Path) -> dict[str, Any]:
    """Return the content of a JSON file that must hold an object.

    Raises:
        DataError: as for :func:`read_json`, or it holds something else.
    """
    values = read_json(path)
    if not isinstance(values, dict):
        raise DataError(f"{path} must hold a JSON object, got {type(values).__name__}")
    return values


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return the values of a TOML file.

    Raises:
        DataError: it cannot be read, is no text, or is no TOML.
    """
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise DataError(f"{path} is not TOML: {error}") from error


def read_csv(path: str | Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file that :func:`write_csv` wrote.

    Raises:
        DataError: it cannot be read, is no text, or a row is not as long as the header.
    """
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
        rows = list(reader)
    except csv.Error as error:
        raise DataError(f"{path} is no table: {error}") from error
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise DataError(
                f"{path} row {number} must have {len(reader.fieldnames or ())} cells: it is damaged"
            )
    return rows


def json_values(value: Any) -> Any:
    """Return nested dictionaries, lists and numbers with NaN and infinity as None, keys as text.

    Example:
        >>> json_values({1: (0.5, float("nan")), "b": float("inf")})
        {'1': [0.5, None], 'b': None}
    """
    if isinstance(value, dict):
        return {str(key): json_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_values(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
