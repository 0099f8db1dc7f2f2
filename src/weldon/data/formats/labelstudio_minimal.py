"""Label Studio's JSON-MIN: answers beside the image, under the names of the controls that asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

# What JSON-MIN adds to a task and its answers.
BOOKKEEPING = frozenset(
    {
        *("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"),
        *("was_cancelled", "ground_truth", "history", "project", "inner_id", "file_upload"),
    }
)


def is_minimal(task: Any) -> bool:
    """Return whether an entry is one of JSON-MIN: no ``data`` of its own, but an annotator or annotation."""
    return (
        isinstance(task, dict) and "data" not in task and bool({"annotator", "annotation_id"} & task.keys())
    )


def full_tasks(entries: Sequence[Json], kinds: Sequence[str], url_of: Any) -> tuple[list[Json], list[str]]:
    """Return tasks as the export *JSON* has them, each person's answers together, and the text controls.

    JSON-MIN has an entry a person: entries of one id and image are one task. A single choice is a bare text
    under the control's name, and so is a single free text: nothing tells them apart, so the caller says which
    controls were read as choices.

    Args:
        entries: of the file.
        kinds: of answers that carry classes, as ``rectanglelabels``.
        url_of: from an entry's values to its image, or None.
    """
    tasks: dict[tuple[str, Any], Json] = {}
    controls: dict[str, None] = {}
    for number, entry in enumerate(entries, start=1):
        url = url_of(entry)
        key = (repr(entry.get("id", number)), url)
        data = {} if url is None else {"image": url}
        task = tasks.setdefault(key, {"id": entry.get("id", number), "data": data, "annotations": []})
        if entry.get("annotator") is None and entry.get("annotation_id") is None:
            continue  # nobody annotated it
        results = _marks(entry, kinds)
        for name, value in _texts(entry, url):
            controls[name] = None
            results.append({"type": "choices", "value": {"choices": value}})
        task["annotations"].append(
            {name: entry.get(name) for name in ("was_cancelled", "ground_truth")} | {"result": results}
        )
    return list(tasks.values()), list(controls)


def _marks(entry: Json, kinds: Sequence[str]) -> list[Json]:
    """Return the answers that are objects, alone or in a list."""
    results = []
    for name, value in entry.items():
        for mark in value if isinstance(value, list) else (value,):
            if not isinstance(mark, dict):
                continue
            kind = next((kind for kind in kinds if kind in mark), None)
            results.append({**mark, "type": kind or _other(mark, name), "value": mark})
    return [result for result in results if result["type"] is not None]


def _other(mark: Mapping[str, Any], name: str) -> str | None:
    """Return the kind of an answer that carries no class, where the entry is one: data may be objects too."""
    kinds = ("rating", "text", "number", "datetime", "ranker", "pairwise")
    return next(({"text": "textarea"}.get(kind, kind) for kind in kinds if kind in mark), None)


def _texts(entry: Json, url: str | None) -> list[tuple[str, list[str]]]:
    """Return the bare texts that are answers: those behind ``id``, where JSON-MIN puts them."""
    names = list(entry)
    answers = names[names.index("id") + 1 :] if "id" in names else names
    found = []
    for name in answers:
        value = entry[name]
        texts = value if isinstance(value, list) else [value]
        if name in BOOKKEEPING or value == url or not texts:
            continue
        if all(isinstance(text, str) for text in texts):
            found.append((name, [text for text in texts if text.strip()]))
    return found
