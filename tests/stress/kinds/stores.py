"""Files that the library keeps for itself or hands on: feature caches, hub folders, shards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from typing import Any

from stress.answers import trained
from stress.kind import Kind, Place, nothing, printed
from stress.kinds.labels import JSON, unreadable
from stress.kinds.run_files import same
from stress.mutation import ANY_BYTES, CHECKSUMMED, Mutator
from stress.world import train_arguments


def _copied(name: str) -> Callable[[Place], None]:
    return lambda place: shutil.copytree(place.world / name, place.files / name)  # type: ignore[return-value]


def _freeze(place: Place) -> list[list[str]]:
    cache = str(place.files / "cache")
    return [train_arguments(place.world, place.out, "--epochs", "2", "--freeze", "--cache", cache)]


def _cache(name: str, pattern: str) -> Kind:
    """Return a file of the feature cache: a run trained with it equals one with a whole cache."""
    return Kind(
        *(f"cache/{name}", _copied("cache"), pattern, _freeze, CHECKSUMMED, trained),
        touched=nothing,
        needs_world=True,
        may_change=lambda file: True,
    )


def _read(reader: str, name: str) -> Callable[[Place], list[list[str]]]:
    return lambda place: [[reader, str(place.files / name)]]


def _kept(name: str, folder: str, file: str, mutators: Sequence[Mutator], **options: Any) -> Kind:
    """Return a file of a folder that a reader of the Python interface reads."""
    commands = _read(f"@{folder}", folder)
    pattern = f"{folder}/{file}"
    return Kind(name, _copied(folder), pattern, commands, mutators, printed, needs_world=True, **options)


KINDS = (
    _cache("maps", "cache/*/maps*"),
    _cache("masks", "cache/*/masks*"),
    _cache("rows", "cache/*/*.json"),
    _kept("hub/weights", "hub", "model.safetensors", ANY_BYTES, touched=nothing),
    _kept(
        *("shards/index", "shards", "shards.json", JSON),
        touched=same(json.loads),
        must_fail=unreadable(json.loads),
    ),
    _kept("shards/tar", "shards", "train*.tar", ANY_BYTES),
)
