"""``manifest.json``: task, counts, figures, times and versions of a finished run."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from weldon.files import write_json
from weldon.runs.checked_json import Number, Stored, read_stored

PACKAGES = ("weldon", "torch", "torchvision", "timm", "lightning", "numpy")


class Counted(Stored):
    """How many images, or bags, each split has."""

    train: Annotated[int, Field(ge=0)]
    val: Annotated[int, Field(ge=0)]


class Validation(Stored):
    """Figures of the best epoch; null where no image could tell."""

    map: Number | None
    best: Number | None
    best_epoch: int


class Manifest(Stored):
    """What is read back."""

    task: Literal["multilabel", "multiclass"]
    images: Counted | None = None
    bags: Counted | None = None
    validation: Validation | None = None
    seconds: dict[str, Number] | None = None


def write_manifest(path: Path, values: Mapping[str, Any]) -> None:
    """Write what :class:`Manifest` names, and beside it the network and what it was trained on and with.

    Args:
        path: the file.
        values: ``task``, ``images`` or ``bags``, ``model``, ``validation``, ``seconds``.
    """
    write_json(path, {**values, "environment": environment()})


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the values of the file.

    Raises:
        DataError: it cannot be read, or is not as :func:`write_manifest` writes it.
    """
    return read_stored(Manifest, path)


def environment() -> dict[str, Any]:
    """Return versions, machine, threads of the arithmetic and peak memory."""
    import torch

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
        "peak_memory_mib": round(peak / (2**20 if sys.platform == "darwin" else 2**10)),
    }
