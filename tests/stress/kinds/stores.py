"""Files that the library keeps for itself or hands on: feature caches, hub folders, shards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

from stress.answers import trained
from stress.kind import Kind, Place, nothing, printed
from stress.kinds.labels import JSON, unreadable
from stress.kinds.run_files import _same
from stress.mutation import ANY_BYTES, CHECKSUMMED
from stress.world import train_arguments


def _copied(name: str) -> Callable[[Place], None]:
    return lambda place: shutil.copytree(place.world / name, place.files / name)  # type: ignore[return-value]


def _freeze(place: Place) -> list[list[str]]:
    cache = str(place.files / "cache")
    return [train_arguments(place.world, place.out, "--epochs", "2", "--freeze", "--cache", cache)]


def _cache(name: str, pattern: str) -> Kind:
    """Return a file of the feature cache: a run trained with it equals one with a whole cache."""
    return Kind(
        f"cache/{name}", _copied("cache"), pattern, _freeze, CHECKSUMMED, trained,
        touched=nothing, needs_world=True, may_change=lambda file: True,
    )  # fmt: skip


KINDS = (
    _cache("maps", "cache/*/maps*"),
    _cache("masks", "cache/*/masks*"),
    _cache("rows", "cache/*/*.json"),
    Kind(
        "hub/weights", _copied("hub"), "hub/model.safetensors",
        lambda place: [["@hub", str(place.files / "hub")]], ANY_BYTES, printed, touched=nothing, needs_world=True,
    ),
    Kind(
        "shards/index", _copied("shards"), "shards/shards.json",
        lambda place: [["@shards", str(place.files / "shards")]], JSON, printed,
        touched=_same(json.loads), must_fail=unreadable(json.loads), needs_world=True,
    ),
    Kind(
        "shards/tar", _copied("shards"), "shards/train*.tar",
        lambda place: [["@shards", str(place.files / "shards")]], ANY_BYTES, printed, needs_world=True,
    ),
)  # fmt: skip
