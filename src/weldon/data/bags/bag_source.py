"""What tables and folders of bags have in common, and how their features become those of training."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

import numpy as np

from weldon.counted import counted
from weldon.data.bags.instance_columns import listed
from weldon.errors import DataError


class BagSource(Protocol):
    """Bags by name, read when they are asked for; each has a path, which for a table is no file of its own.

    Attributes:
        path: of the table or folder.
        paths: of every bag, in order.
        num_features: F.
        features: F names; None where the files give none.
        notes: what was decided in reading, one sentence each.
    """

    path: Path
    paths: tuple[Path, ...]
    num_features: int
    features: tuple[str, ...] | None
    notes: tuple[str, ...]

    def select(self, names: Sequence[str]) -> BagSource | None:
        """Return the same bags with these features in this order; None where that cannot be."""

    def find(self, name: str) -> Path | None:
        """Return the path of the bag of that name, or None."""

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about a bag that was not found."""

    def name(self, path: Path) -> str:
        """Return the name of a bag."""

    def size(self, path: Path) -> int:
        """Return how many instances a bag has, R, without reading them."""

    def read(self, path: Path) -> np.ndarray:
        """Return the instances of a bag, ``(R, F)`` float32, all of them finite."""

    def instances(self, path: Path) -> list[str]:
        """Return the names of the R instances of a bag: those of the file, else their numbers from 0."""


def as_trained(
    bags: BagSource, names: Sequence[str] | None, num_features: int
) -> tuple[BagSource, tuple[str, ...]]:
    """Return bags with the features of training in their order, and what has to be said about it.

    Args:
        bags: as they were opened.
        names: of the features in training, in order; None: training knew none.
        num_features: F of training.

    Raises:
        DataError: features that are missing or new, by name, or another number of them.
    """
    if names is None or bags.features is None:
        return bags, _by_count(bags, names, num_features)
    if tuple(names) == bags.features:
        return bags, ()
    chosen = bags.select(names)
    new = [name for name in bags.features if name not in set(names)]
    if chosen is None or new:
        raise DataError(_difference(bags, names, new))
    known = f"{bags.path.name}: columns in another order than in training were matched by name"
    return chosen, (known,) if set(names) == set(bags.features) else ()


def _by_count(bags: BagSource, names: Sequence[str] | None, num_features: int) -> tuple[str, ...]:
    if bags.num_features != num_features:
        raise DataError(
            f"{bags.path} has {bags.num_features} features, but bags must have {num_features} features as in "
            "training"
        )
    whose = f"{bags.path} gives no names" if bags.features is None else "the run keeps no names"
    both = "" if names is None and bags.features is None else ", the other side has some"
    return (f"{num_features} features were matched by their order: {whose}{both}",)


def _difference(bags: BagSource, names: Sequence[str], new: Sequence[str]) -> str:
    there = bags.features or ()
    lost = [name for name in names if name not in set(there)]
    said = []
    if lost:
        said.append(f"{len(lost)} of the {len(names)} features of training are missing: {listed(lost)}")
    if new:
        said.append(f"{counted(len(new), 'column is', 'columns are')} new: {listed(new)}")
    near = [pair for name in lost[:1] for pair in get_close_matches(name, new, n=1)]
    hint = f" (is {near[0]!r} {lost[0]!r}?)" if near else ""
    return f"{bags.path}: {'; '.join(said)}{hint}: give the table the columns that the run was trained on"
