"""One cell of a long table: names between separators, or a list as Python, JSON or numpy writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

# What programs write where they know nothing (the list of pandas, without the blank cell).
MISSING = frozenset(
    {
        *("#N/A", "#N/A N/A", "#NA", "-NaN", "-nan", "<NA>", "N/A", "NA", "NULL", "NaN", "NaT", "None"),
        *("n/a", "nan", "null"),
    }
)
_SEPARATORS = ("|", ";", ",")
_PAIRS = {"[": "]", "{": "}"}
_WRAPPED = re.compile(r"(?:set|frozenset|list|tuple|array|np\.array)\((.*)\)", re.DOTALL)
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_PLAIN = r"""[^\s,;|'"\[\]{}():\\](?:[^,;|'"\[\]{}():\\]*[^\s,;|'"\[\]{}():\\])?"""
_ITEM = re.compile(rf"\s*(?:({_QUOTED})|({_PLAIN}))\s*", re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?")


def label_separator(cells: Sequence[str]) -> str | None:
    """Return the first of ``|``, ``;`` and ``,`` that any cell holds outside a list."""
    plain = [cell for cell in cells if not is_list(cell)]
    return next((mark for mark in _SEPARATORS if any(mark in cell for cell in plain)), None)


def other_separators(names: Iterable[str], separator: str | None) -> list[str]:
    """Return the first names that hold ``|`` or ``;`` although labels were told apart at another mark.

    Example:
        >>> other_separators(["cat", "dog;hen"], "|")
        ['dog;hen']
    """
    marks = {"|", ";"} - {separator}
    return sorted(name for name in set(names) if marks & set(name))[:3]


def split_labels(cell: str, separator: str | None) -> frozenset[str]:
    """Return the labels in a cell; a list as Python, JSON or numpy writes it is read as one.

    Raises:
        ValueError: a list that cannot be told apart into names; it says why.

    Example:
        >>> sorted(split_labels("dog| cat |", "|")), sorted(split_labels("['cat', 'dog']", None))
        (['cat', 'dog'], ['cat', 'dog'])
        >>> sorted(split_labels("['cat' 'dog']", None)), sorted(split_labels("{}", None))
        (['cat', 'dog'], [])
    """
    names = listed_names(cell) if is_list(cell) else cell.split(separator) if separator else [cell]
    return frozenset(name.strip() for name in names if name.strip())


def is_list(cell: str) -> bool:
    """Return whether a cell is meant as a list, whole or cut off.

    Example:
        >>> [is_list(cell) for cell in ("[a]", "['a'", "('a',)", "set()", "cat (wild)", "[sic")]
        [True, True, True, True, False, False]
    """
    inner = _unwrapped(cell)
    opened = inner[:1] in _PAIRS and (inner[-1:] == _PAIRS[inner[0]] or inner[1:].lstrip()[:1] in ("'", '"'))
    closed = inner[-2:] in ("']", '"]', "'}", '"}')
    return opened or closed or inner[:2] in ("('", '("') or (inner == "" and cell != "")


def listed_names(cell: str) -> list[str]:
    """Return the names in a list; see :func:`split_labels`.

    Raises:
        ValueError: it is cut off, nested, a dictionary, or holds what is no name.
    """
    inner = _unwrapped(cell)
    if inner in ("", "[]", "{}", "()"):
        return []
    if len(inner) < 2 or inner[-1] != {**_PAIRS, "(": ")"}.get(inner[0]):
        raise ValueError("it is cut off")
    items, body, position = [], inner[1:-1], 0
    gaps = set()
    while position < len(body):
        match = _ITEM.match(body, position)
        if match is None:
            raise ValueError(f"{body[position : position + 20]!r} is no name in it")
        items.append((match[1], match[2]))
        position = match.end()
        comma = body[position : position + 1] == ","
        if position < len(body):
            gaps.add(comma)
        position += comma
    if len(gaps) > 1:
        raise ValueError("some names have a comma between them and some have none")
    return [name for quoted, plain in items for name in _names_of(quoted, plain)]


def _unwrapped(cell: str) -> str:
    match = _WRAPPED.fullmatch(cell)
    return re.sub(r",\s*dtype=[^\])]*$", "", match[1]).strip() if match else cell


def _names_of(quoted: str | None, plain: str | None) -> list[str]:
    """Return the names that one item between commas stands for."""
    if plain is not None:
        words = plain.split()
        if len(words) > 1 and all(map(_NUMBER.fullmatch, words)):  # as numpy prints numbers
            return [word.rstrip(".") for word in words]
        if plain in MISSING:
            raise ValueError(f"{plain} in it is no name")
        if len(words) > 1 or plain == "...":
            raise ValueError(f"it may be one name or several: {plain[:40]!r}")
        return [plain]
    return [_unquoted(quoted or "")]


def _unquoted(quoted: str) -> str:
    """Return a quoted name without quotes and escapes."""
    body = quoted[1:-1]
    if "\\" in body:
        text = body.replace("\\'", "'") if quoted[0] == "'" else body
        try:
            text = '"' + (text.replace('"', '\\"') if quoted[0] == "'" else text) + '"'
            body = json.loads(re.sub(r"\\x([0-9a-fA-F]{2})", r"\\u00\1", text))
        except ValueError:
            raise ValueError(f"{quoted[:40]} in it has an escape that no name has") from None
    if not body.strip():
        raise ValueError("a name in it is blank")
    return body
