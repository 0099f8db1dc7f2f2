"""``metadata.jsonl``: a JSON object a line, the folder convention of Hugging Face datasets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weldon.data.labels.entry_row import entry_row
from weldon.data.labels.label_file import FileForm, Told
from weldon.data.labels.locate import ImageFinder
from weldon.data.record import LabelSet
from weldon.errors import DataError
from weldon.files import parse_json, read_text


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
    An image whose labels are ``null`` is left out, with a note.

    Args:
        path: of the file.
        folders: where to look for images, besides the file's own folder.
        group_col: the key of the group; ``group`` by default.
        classes: of a trained model, to keep its order.

    Raises:
        DataError: with every problem of the file, each with its line.
    """
    return jsonl_told(path, group_col=group_col).label_set(ImageFinder((path.parent, *folders)), classes)


def jsonl_told(path: Path, *, group_col: str | None = None) -> Told:
    """Return what the lines say, before their images are looked for; see :func:`read_jsonl`."""
    told = Told(path, "jsonl")
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path.name} line {number}"
        try:
            entry = parse_json(line, where)
        except DataError as error:
            told.problems.append(error.summary)
            continue
        told.problems += [f"{where}: the key {key!r} is there more than once" for key in _repeated(line)]
        row = entry_row(entry, where, group_col or "group", told.problems)
        told.rows += [row] if row else []
    if group_col is not None and not any(row.record.group for row in told.rows):
        told.problems.append(f"{path.name}: no line has a key {group_col!r} for groups")
    return told


def _repeated(line: str) -> list[str]:
    """Return the keys that an object in the line has twice, of which JSON would keep the last."""
    found: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> None:
        found.extend(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)

    json.loads(line, object_pairs_hook=once)
    return found


FORM = FileForm(
    (".jsonl", ".ndjson"),
    read=lambda path, _, options: jsonl_told(path, group_col=options.group_col),
    usual=("labels.jsonl",),
)
