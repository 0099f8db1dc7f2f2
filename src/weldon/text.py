"""What a text table is written in: encoding, separator, header; the same for tables of labels and of bags."""

from __future__ import annotations

import codecs
import csv
import string
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from weldon.errors import DataError, system_reason

SEPARATORS = (",", ";", "\t", "|")
# What the column that names bags may be called, in plain letters; the first that is there counts.
BAG_COLUMNS = (
    *("bag", "bag_id", "bagid", "slide", "slide_id", "slideid"),
    *("case", "case_id", "caseid"),
)
FILE_COLUMNS = ("file_name", "filename", "image", "image_path", "path")  # likewise of those that name images
_CHUNK = 1 << 20
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def text_encoding(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the encoding of a text table, and a note where it had to be guessed; little is held in memory.

    UTF-8 with or without a mark, UTF-16 with a mark, else Windows-1252.

    Raises:
        DataError: it cannot be read, is a workbook, neither of these encodings, or holds zero bytes.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start in _WORKBOOKS:
            raise DataError(
                f"{path} is a workbook, not text: let its name end in .xlsx or .ods, or save it as CSV UTF-8"
            )
        encoding = "utf-16" if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        if _decodes(path, encoding):
            return encoding, ()
        if encoding != "utf-16" and _decodes(path, "cp1252"):
            guessed = f"{path.name} is not UTF-8 and was read as Windows-1252: check names with accents"
            return "cp1252", (guessed,)
    except OSError as error:
        raise DataError(f"cannot read {path}: {system_reason(error)}") from error
    raise DataError(f"{path} is neither UTF-8, UTF-16 nor Windows-1252 text: save it as UTF-8")


def _decodes(path: Path, encoding: str) -> bool:
    """Return whether the whole file is text of that encoding.

    Raises:
        DataError: it is, with zero bytes inside.
    """
    decoder = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))()  # -sig lets half a mark pass
    zero = False
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                zero |= "\0" in decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    if zero:
        raise DataError(f"{path} holds zero bytes and is no text table: save it as CSV UTF-8")
    return True


def is_blank(line: str) -> bool:
    """Return whether a line holds nothing but separators and white space."""
    return not line.strip("".join(SEPARATORS) + string.whitespace)


def names_separator(line: str) -> bool:
    """Return whether a first line is Excel's ``sep=;``, which is no row of the table."""
    return line.strip(string.whitespace + '"').lower().startswith("sep=")


def header_cells(line: str, separator: str) -> list[str]:
    """Return the column names in a header, without the blanks around them."""
    return [name.strip() for name in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])]


def best_separator(line: str, is_header: Callable[[Sequence[str]], bool]) -> str | None:
    """Return the separator that makes a usable header with the most columns, None where there is none.

    Example:
        >>> best_separator("bag;weight, kg;height", lambda names: "bag" in names)
        ';'
    """
    headers = {mark: header_cells(line, mark) for mark in SEPARATORS}
    usable = [mark for mark in SEPARATORS if is_header(headers[mark])]
    return max(usable, key=lambda mark: len(headers[mark]), default=None)


def nearest_column(header: Iterable[str], wanted: Sequence[str], alike: float = 0.6) -> str | None:
    """Return the column that is called most like one of ``wanted``; None where none is alike.

    Args:
        header: names of columns, as they are written.
        wanted: in plain letters.
        alike: how much of two names must agree, in (0, 1].

    Example:
        >>> nearest_column(["File", "breed"], ["file_name", "path"]), nearest_column(["breed"], ["path"])
        ('File', None)
    """
    plain = {plain_name(name): name for name in header if name}
    rated = [
        (SequenceMatcher(None, name, want).ratio(), written)
        for name, written in plain.items()
        for want in wanted
    ]
    best = max(rated, default=(0.0, ""), key=lambda pair: pair[0])
    return best[1] if best[0] >= alike else None


def plain_name(name: str) -> str:
    """Return a column's name in plain letters, for comparing.

    Example:
        >>> plain_name(" Slide-ID ")
        'slide_id'
    """
    return "_".join(name.lower().replace("-", " ").split())
