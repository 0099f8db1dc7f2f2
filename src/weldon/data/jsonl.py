"""``metadata.jsonl``: a JSON object a line, the folder convention of Hugging Face datasets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weldon.data.locate import ImageFinder
from weldon.data.record import LabelSet
from weldon.data.rows import Row, label_set_of
from weldon.data.table import FILE_COLUMNS, LABEL_COLUMNS, parse_weight
from weldon.errors import DataError


def read_jsonl(
    path: Path,
    folders: Sequence[Path],
    *,
    group_col: str | None = None,
    classes: Sequence[str] | None = None,
) -> LabelSet:
    """Return the labels of ``{"file_name": ..., "labels": [...]}`` lines.

    ``labels`` is a list of names or one name; ``unknown``, ``split``, ``group`` and ``weight`` are optional.
    Numbers as labels become the names ``"0"``, ``"1"`` ... Classes are the sorted labels of training images.

    Args:
        path: of the file.
        folders: where to look for images, besides the file's own folder.
        group_col: the key of the group; ``group`` by default.
        classes: of a trained model, to keep its order.

    Raises:
        DataError: with every problem of the file, each with its line.
    """
    problems: list[str] = []
    rows = []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the label file {path} as UTF-8 text: {error}") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            row = _row(line, f"{path.name} line {number}", group_col or "group", problems)
            rows.extend([row] if row else [])
    if group_col is not None and not any(row.group for row in rows):
        problems.append(f"{path.name}: no line has a key {group_col!r} for groups")
    finder = ImageFinder((path.parent, *folders))
    return label_set_of(rows, finder, form="jsonl", given=classes, problems=problems)


def _row(line: str, where: str, group_key: str, problems: list[str]) -> Row | None:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        problems.append(f"{where}: no JSON: {error.msg} at character {error.pos + 1}")
        return None
    if not isinstance(entry, dict):
        problems.append(f"{where}: must be an object in braces, got {line[:60]!r}")
        return None
    name = next((entry[key] for key in FILE_COLUMNS if key in entry), None)
    label_key = next((key for key in LABEL_COLUMNS if key in entry), None)
    if not isinstance(name, str) or not name:
        problems.append(f"{where}: no file_name")
        return None
    if label_key is None:
        problems.append(f"{where}: {name!r} has no key `labels`; write [] where no class is present")
        return None
    labels = _names(entry[label_key], f"{where}, {label_key!r}", problems)
    unknown = _names(entry.get("unknown", []), f"{where}, 'unknown'", problems)
    if both := labels & unknown:
        problems.append(f"{where}: {', '.join(sorted(both))} is both present and unknown")
    weight = parse_weight(_text(entry.get("weight")), where, problems)
    return Row(where, name, labels, unknown, _text(entry.get("split")), _text(entry.get(group_key)), weight)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _names(value: Any, where: str, problems: list[str]) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    if all(isinstance(name, str | int) and not isinstance(name, bool) for name in values):
        return frozenset(str(name).strip() for name in values) - {""}
    problems.append(f"{where}: must be a list of names, got {json.dumps(value)[:80]}")
    return frozenset()
