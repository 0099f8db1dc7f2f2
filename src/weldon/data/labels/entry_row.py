"""One image as a line of JSON or a row of Parquet describes it, by named values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from weldon.data.delimited import nearest_words
from weldon.data.labels.columns import LABEL_COLUMNS, file_column, parse_weight
from weldon.data.labels.rows import Row
from weldon.text import FILE_COLUMNS

_OBJECTS = "objects"
_CATEGORIES = ("categories", "category", "labels", "label")


def entry_row(entry: object, where: str, group_key: str, problems: list[str]) -> Row | None:
    """Return the row that named values stand for, None where they name no image.

    Args:
        entry: what was read: ``file_name`` (or another name of :func:`file_column`), ``labels``, ``label``
            or ``tags``, else the categories in Hugging Face's ``objects``.
        where: file and row, for the problems.
        group_key: the name of the group.
        problems: is added to.
    """
    if not isinstance(entry, Mapping):
        problems.append(f"{where}: must be an object in braces, got {repr(entry)[:60]}")
        return None
    key = file_column(list(entry))
    name = None if key is None else entry[key]
    if not isinstance(name, str) or not name.strip():
        near = "" if key else nearest_words(list(entry), FILE_COLUMNS)
        problems.append(f"{where}: no file_name{near}")
        return None
    label_key, given = _given(entry)
    if label_key is None:
        near = nearest_words([other for other in entry if other != key], LABEL_COLUMNS)
        problems.append(f"{where}: {name!r} has no key `labels`; write [] where no class is present{near}")
        return None
    before = len(problems)
    labels = _names(given, f"{where}, {label_key!r}", problems)
    unknown = _names(entry.get("unknown") or [], f"{where}, 'unknown'", problems)
    if both := labels & unknown:
        problems.append(f"{where}: {', '.join(sorted(both))} is both present and unknown")
    sound = len(problems) == before
    split, group, weight = (
        _text(entry.get(key), f"{where}, {key!r}", problems) for key in ("split", group_key, "weight")
    )
    factor = parse_weight(weight, where, problems)
    told = given is not None and (label_key, given) != ("label", "")  # a list may be empty, the one label not
    row = Row.of(where, name, labels, unknown, told=told, split=split, group=group, weight=factor)
    return replace(row, sound=sound)


def tells_labels(entry: object) -> bool:
    """Return whether such values say what an image shows."""
    return (
        isinstance(entry, Mapping) and file_column(list(entry)) is not None and _given(entry)[0] is not None
    )


def _given(entry: Mapping[str, Any]) -> tuple[str | None, Any]:
    """Return the key of the labels and what it holds; no key where there is none."""
    key = next((key for key in LABEL_COLUMNS if key in entry), None)
    if key is not None:
        return key, entry[key]
    objects = entry.get(_OBJECTS)
    if isinstance(objects, Mapping):
        key = next((key for key in _CATEGORIES if key in objects), None)
        return (None, None) if key is None else (f"{_OBJECTS}.{key}", objects[key])
    if isinstance(objects, list) and all(isinstance(item, Mapping) for item in objects):
        found = [next((item[key] for key in _CATEGORIES if key in item), None) for item in objects]
        return _OBJECTS, found
    return None, None


def _text(value: Any, where: str, problems: list[str]) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str | int) or (isinstance(value, float) and isfinite(value)):
        return str(value).strip()
    problems.append(f"{where}: must be a text or a number, got {repr(value)[:80]}")
    return None


def _names(value: Any, where: str, problems: list[str]) -> frozenset[str]:
    if value is None or value == "":
        return frozenset()
    values = value if isinstance(value, list) else [value]
    if all(isinstance(name, str | int) and not isinstance(name, bool) for name in values):
        names = [str(name).strip() for name in values]
        if all(names):
            return frozenset(names)
    problems.append(f"{where}: must be a list of names, got {repr(value)[:80]}")
    return frozenset()
