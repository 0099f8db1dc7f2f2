"""Tasks as Label Studio exports them: the picture of each, bare answers (JSON-MIN) made whole, taxonomies."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from weldon.data.image import SUFFIXES

Json = dict[str, Any]
Levels = tuple[str, ...]  # of a taxonomy, from the outermost

_FOLDER = re.compile(r"^/?data/upload/(\d+/)?")
_STORED = re.compile(r"^[0-9a-f]{8}-(?=.)")


def file_name_of(url: str) -> str:
    """Return the file an image URL of Label Studio stands for; an upload goes by the name it is stored under.

    Example:
        >>> file_name_of("/data/local-files/?d=a%20b/c.jpg"), file_name_of("/data/upload/3/0a1b2c3d-c.jpg")
        ('a b/c.jpg', '0a1b2c3d-c.jpg')
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no address
        return url
    if local := parse_qs(parts.query).get("d"):
        return local[0]
    if "://" in url or url.startswith("/data/"):
        return _FOLDER.sub("", unquote(parts.path)).lstrip("/") or url
    return url


def uploaded_name(file_name: str) -> str:
    """Return the name that a file had before Label Studio stored it: without eight digits and a dash.

    Example:
        >>> uploaded_name("0a1b2c3d-c.jpg"), uploaded_name("c.jpg")
        ('c.jpg', 'c.jpg')
    """
    path = PurePosixPath(file_name)
    return path.with_name(_STORED.sub("", path.name)).as_posix() if path.name else file_name


def image_url(data: Mapping[str, Any]) -> str | None:
    """Return the image of a task: under ``image``, else the first text that ends like one."""
    if isinstance(data.get("image"), str):
        return data["image"] or None
    texts = (value for value in data.values() if isinstance(value, str))
    return next(
        (text for text in texts if PurePosixPath(file_name_of(text)).suffix.lower() in SUFFIXES), None
    )


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


def full_tasks(entries: Sequence[Json], kinds: Sequence[str]) -> tuple[list[Json], list[str]]:
    """Return tasks as the export *JSON* has them, each person's answers together, and the text controls.

    JSON-MIN has an entry a person: entries of one id and image are one task. A single choice is a bare text
    under the control's name, and so is a single free text: nothing tells them apart, so the caller says which
    controls were read as choices.

    Args:
        entries: of the file.
        kinds: of answers that carry classes, as ``rectanglelabels``.
    """
    tasks: dict[tuple[str, Any], Json] = {}
    controls: dict[str, None] = {}
    for number, entry in enumerate(entries, start=1):
        url = image_url(entry)
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


def paths_of(answer: Sequence[str | Sequence[str]]) -> list[Levels]:
    """Return the paths of one answer; a text alone is a path of one level.

    Raises:
        TypeError: something else than texts.

    Example:
        >>> paths_of([["Animal", "Dog"], "outdoor"])
        [('Animal', 'Dog'), ('outdoor',)]
    """
    paths = [(part,) if isinstance(part, str) else tuple(part) for part in answer]
    for path in paths:
        if not path or not all(isinstance(level, str) and level for level in path):
            raise TypeError(f"a taxonomy answer must be a list of names, got {list(path)!r}")
    return paths


def class_names(paths: Iterable[Levels]) -> dict[Levels, str]:
    """Return the class of each path: its last level, or all levels where two paths end alike.

    Example:
        >>> class_names([("Animal", "Dog"), ("Animal", "Bat"), ("Sport", "Bat")])
        {('Animal', 'Dog'): 'Dog', ('Animal', 'Bat'): 'Animal / Bat', ('Sport', 'Bat'): 'Sport / Bat'}
    """
    given = list(dict.fromkeys(paths))
    alike: dict[str, int] = defaultdict(int)
    for path in given:
        alike[path[-1]] += 1
    return {path: path[-1] if alike[path[-1]] == 1 else " / ".join(path) for path in given}


def implied(chosen: Iterable[Levels], names: dict[Levels, str]) -> tuple[list[str], list[str]]:
    """Return the classes that some paths say are there, and those on which they leave the question open.

    Who chose Animal / Dog saw an animal, and a class Animal is present. Who chose Animal alone did not say
    whether it is a dog: the classes beneath are unknown.

    Example:
        >>> names = class_names([("Animal",), ("Animal", "Dog"), ("Animal", "Cat")])
        >>> implied([("Animal", "Dog")], names), implied([("Animal",)], names)
        ((['Dog', 'Animal'], []), (['Animal'], ['Cat', 'Dog']))
    """
    picked = list(chosen)
    present = [names[path] for path in picked]
    present += [names[above] for path in picked for above in _above(path) if above in names]
    ends = [path for path in picked if not any(path in _above(other) for other in picked)]
    beneath = {name for path, name in names.items() for end in ends if end in _above(path)}
    return list(dict.fromkeys(present)), sorted(beneath - set(present))


def _above(path: Levels) -> list[Levels]:
    return [path[:levels] for levels in range(len(path) - 1, 0, -1)]
