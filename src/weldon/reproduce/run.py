"""One training run of a table, in a folder named by what decides its outcome: equal runs are trained once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.inference.run_directory import RunDirectory
from weldon.recipes import Source
from weldon.reproduce.place import Place
from weldon.training import build_recipe, train
from weldon.training.replacement import replacement_of

# Where things lie and how fast they are read does not change what is learnt.
INDIFFERENT = {"data", "labels", "dataset", "cache", "workers", "device"}


@dataclass(frozen=True)
class Run:
    """A run that may be finished, begun, or not there yet.

    Args:
        place: where its data and its folder are.
        source: its data set.
        options: of ``weldon train`` except the data; ``--set`` is in them.
    """

    place: Place
    source: Source
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """A digest of data set and options; those at their defaults do not count: more may come."""
        recipe = build_recipe({"data": ".", **self.options})
        said = recipe.model_dump(mode="json", exclude_defaults=True, exclude=INDIFFERENT)
        said["weights"] = Path(recipe.weights).name
        return digest([self.source.name, said])

    @property
    def directory(self) -> RunDirectory:
        """Its folder."""
        return RunDirectory(self.place.out / "runs" / self.key)

    @property
    def finished(self) -> bool:
        """Whether it has been trained to the end."""
        return self.directory.manifest.is_file()

    @property
    def held_back(self) -> float:
        """The figure on held-back images, of the best epoch."""
        return float(self.directory.manifest_values["validation"]["best"])

    def train(self) -> None:
        """Train it, or go on where it was interrupted; a finished run is left as it is.

        Raises:
            AbsentError: data or weights are not here.
        """
        if self.finished:
            return
        given = {**self.place.data_options(self.source), **self.options}
        given["weights"] = self.place.weights_file(given.get("weights", "default"))
        begun = self.directory.last.is_file()
        replacing = not begun and RunDirectory(replacement_of(self.directory.path)).last.is_file()
        train(
            **given,
            out=self.directory.path,
            resume=begun or replacing,
            overwrite=not begun,
            progress=False,
        )
        self.directory.last.unlink(missing_ok=True)  # it only serves to go on with an interrupted run


def digest(values: Any) -> str:
    """Return twelve hexadecimal digits of a JSON value."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
