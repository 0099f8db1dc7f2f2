"""Where everything of one training run lies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from weldon.errors import UsageError


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run, by name; nothing is read or written until asked for.

    Args:
        path: the run's folder, for example ``runs/train``.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The recipe that ran, as TOML."""
        return self.path / "config.toml"

    @property
    def classes(self) -> Path:
        """The class names, one a line, in the order of the network's outputs."""
        return self.path / "classes.txt"

    @property
    def splits(self) -> Path:
        """Which image went to which split."""
        return self.path / "splits.csv"

    @property
    def thresholds(self) -> Path:
        """The score above which each class is predicted, fitted on validation images."""
        return self.path / "thresholds.json"

    @property
    def segmentation(self) -> Path:
        """How maps become masks, chosen by ``weldon val --tune-on``; missing until then."""
        return self.path / "segmentation.json"

    @property
    def localisation(self) -> Path:
        """Where boxes are cut, chosen by ``weldon val --tune-on``; missing until then."""
        return self.path / "localisation.json"

    @property
    def metrics(self) -> Path:
        """One row an epoch."""
        return self.path / "metrics.csv"

    @property
    def manifest(self) -> Path:
        """Versions, seed, data fingerprint, figures and times."""
        return self.path / "manifest.json"

    @property
    def log(self) -> Path:
        """What training said."""
        return self.path / "train.log"

    @property
    def best(self) -> Path:
        """The weights with the best validation figure."""
        return self.path / "weights" / "best.safetensors"

    @property
    def last(self) -> Path:
        """The state after the last whole epoch, for ``--resume``."""
        return self.path / "weights" / "last.ckpt"

    @property
    def report(self) -> Path:
        """The folder of the report."""
        return self.path / "report"

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The class names, read from :attr:`classes`."""
        return tuple(self.classes.read_text(encoding="utf-8").splitlines())

    @cached_property
    def manifest_values(self) -> dict[str, Any]:
        """The manifest, read."""
        values: dict[str, Any] = json.loads(self.manifest.read_text(encoding="utf-8"))
        return values


def open_run(path: str | Path) -> RunDirectory:
    """Return the run in ``path``, or say which file keeps it from being one.

    Raises:
        UsageError: ``path`` is not a folder with trained weights and class names.
    """
    run = RunDirectory(Path(path))
    for needed in (run.best, run.classes, run.config):
        if not needed.is_file():
            raise UsageError(
                f"run must be a folder that `weldon train` wrote, got {str(path)!r}: "
                f"{needed.relative_to(run.path)} is missing"
            )
    return run
