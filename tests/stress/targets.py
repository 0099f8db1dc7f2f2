"""The commands that write, as the kills, full disks and pairs of processes use them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open

from stress.answers import run_values
from stress.judge import snapshot
from stress.kind import Place
from stress.serving import archive_entry
from stress.world import train_arguments

ALL_FORMS = ("--heatmaps", "--masks", "--points", "--boxes", "--to", "coco,labelstudio,cvat,yolo,voc")


def _nothing(place: Place) -> None:
    """Do nothing."""


def _no_faults(place: Place) -> list[str]:
    return []


@dataclass(frozen=True)
class Target:
    """A command that writes.

    Args:
        name: of the target.
        command: its arguments.
        again: ways to give it again after a kill; the first that is not refused must end well.
        result: all that must be equal to the bit.
        prepare: makes what is there before the command.
        before: called in the process of the command.
        left: faults in what a kill has left.
    """

    name: str
    command: Callable[[Place], Sequence[str]]
    again: Callable[[Place], Sequence[Sequence[str]]]
    result: Callable[[Place], Any]
    prepare: Callable[[Place], None] = _nothing
    before: Callable[[Place], None] = _nothing
    left: Callable[[Place], list[str]] = _no_faults


def _train(*options: str, cached: bool = False) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        cache = ("--freeze", "--cache", str(place.files / "cache")) if cached else ()
        return train_arguments(place.world, place.out, "--epochs", "3", *cache, *options)

    return command


def _train_again(*, cached: bool = False) -> Callable[[Place], list[list[str]]]:
    command = _train(cached=cached)
    return lambda place: [[*command(place), "--resume"], command(place)]


def _old_run(place: Place) -> None:
    shutil.copytree(place.world / "half", place.out)


def _old_or_new(place: Place) -> list[str]:
    """Say so where neither the old run's weights nor new ones lie anywhere."""
    old = _digest(place.world / "half" / "weights" / "best.safetensors")
    runs = list(place.files.parent.rglob("best.safetensors"))
    whole = any(_digest(path) == old for path in runs)
    new = (place.out / "manifest.json").exists() and (place.out / "thresholds.json").exists()
    return [] if whole or (new and runs) else ["the old run is gone and the new one is not whole"]


def _digest(path: Path) -> str:
    return _hash(path.read_bytes())


def _predict(*options: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        run, pictures = str(place.world / "run"), str(place.world / "pictures")
        return ["predict", run, pictures, "--out", str(place.out), "--device", "cpu", *ALL_FORMS, *options]

    return command


def _export(form: str, *options: str) -> Callable[[Place], list[str]]:
    return lambda place: [
        "export", str(place.world / "run"), "--format", form, "--out", str(place.out), *options,
    ]  # fmt: skip


def _get(place: Place) -> list[str]:
    return ["data", "get", "mit67", "--data-root", str(place.out)]


def _files(place: Place) -> dict[str, str]:
    return file_values(place.out)


def file_values(folder: Path) -> dict[str, str]:
    """Return a digest of every file; of safetensors, whose header has no order, of what it says."""
    found = snapshot(folder)
    for path in sorted(folder.rglob("*.safetensors")):
        with safe_open(path, "np") as tensors:
            parts = {name: _hash(tensors.get_tensor(name).tobytes()) for name in tensors.keys()}  # noqa: SIM118
            said = repr(sorted((tensors.metadata() or {}).items()))
        found[str(path.relative_to(folder))] = _hash(repr((said, sorted(parts.items()))).encode())
    return found


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _run(place: Place) -> dict[str, Any]:
    return run_values(place.out)


ALL = (
    Target("train", _train(), _train_again(), _run),
    Target("train-frozen", _train(cached=True), _train_again(cached=True), _run),
    Target(
        "train-overwrite",
        _train("--overwrite"),
        lambda place: [_train("--overwrite", "--resume")(place), _train("--overwrite")(place)],
        _run,
        prepare=_old_run,
        left=_old_or_new,
    ),
    Target("predict", _predict(), lambda place: [_predict()(place), _predict("--overwrite")(place)], _files),
    Target(
        "export",
        _export("hub"),
        lambda place: [_export("hub")(place), _export("hub", "--overwrite")(place)],
        _files,
    ),
    Target("data-get", _get, lambda place: [_get(place)], _files, before=archive_entry),
)
TARGETS = {target.name: target for target in ALL}
