"""Where data and weights lie and where runs go; what is absent is said in words a person can act on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weldon.data.catalogue import find_entry
from weldon.errors import UsageError, WeldonError
from weldon.recipes import Source
from weldon.reproduce.held_back import declared_names, held_back_table
from weldon.training import build_recipe

NOT_FILES = ("default", "none")
PROTOCOL = {"data", "labels", "dataset", "val", "seed"}


class AbsentError(WeldonError):
    """A row needs something that is not here; the message says how to get it."""


@dataclass(frozen=True)
class Place:
    """Where things are.

    Args:
        data_root: the folder that holds the data sets.
        out: the folder for runs, figures and tables.
        weights: the folder for files of weights; None: ``WELDON_WEIGHTS``, else ``weights`` beside the data.
        options: options of ``weldon train`` that go before those of every recipe.
        seeds: in place of those of every recipe.

    Raises:
        UsageError: an option that does not exist, or that a recipe's protocol decides.
    """

    data_root: Path
    out: Path
    weights: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if fixed := sorted(PROTOCOL & self.options.keys()):
            raise UsageError(f"--set cannot change {fixed[0]!r}: the protocol decides it")
        build_recipe({"data": ".", **self.options})

    def folder(self, source: Source) -> Path:
        """Return the folder of a data set.

        Raises:
            AbsentError: it is not there.
        """
        folder = self.data_root / (source.folder or find_entry(str(source.dataset)).home)
        if not folder.is_dir():
            raise AbsentError(f"needs {source.name}: {source.how_to_get}")
        return folder

    def data_options(self, source: Source) -> dict[str, Any]:
        """Return the options of ``weldon train`` that read a data set.

        Raises:
            AbsentError: it is not there.
        """
        folder = self.folder(source).absolute()
        if not source.held_back:
            return {"data": folder, "dataset": source.dataset}
        table, images = held_back_table(source, folder, self.out / "labels")
        return {"data": images, "labels": table}

    def truth_options(self, source: Source, *, boxes: bool, masks: bool) -> dict[str, Any]:
        """Return the options of :func:`weldon.training.evaluate` for what the photographs are measured by."""
        folder = self.folder(source)
        given: dict[str, Any] = {}
        if boxes and source.boxes is not None:
            given["boxes"] = folder / source.boxes
        if masks and source.masks is not None:
            names = declared_names(source, self.data_options(source)["labels"])
            given |= {"masks": folder / source.masks, "tune_on": names}
        return given

    def weights_file(self, weights: str) -> str:
        """Return where a file of weights lies, or the word that is none.

        Raises:
            AbsentError: it is not there.
        """
        if weights in NOT_FILES or Path(weights).is_file():
            return weights
        stated = os.environ.get("WELDON_WEIGHTS")
        folder = self.weights or (Path(stated) if stated else self.data_root.parent / "weights")
        if not (folder / weights).is_file():
            raise AbsentError(f"needs {weights}: set WELDON_WEIGHTS to its folder, or --set weights=FILE")
        return str((folder / weights).absolute())
