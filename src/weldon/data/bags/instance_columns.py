"""Which column of a table of instances is what: the bag's name, the row's, an index, a feature."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from weldon.errors import DataError
from weldon.text import BAG_COLUMNS, plain_name

if TYPE_CHECKING:
    from weldon.data.bags.bag_set import BagDataset

INSTANCE_COLUMNS = ("instance", "instance_id")
# What programs call the numbers of rows that they write beside a table.
_INDEX = re.compile(r"|unnamed:_?\d+(\.\d+)?|index|idx|id|row_id|row_number|level_\d+|__index_level_\d+__")
_SHOWN = 8
_FEWEST = 3  # rows from which numbers that count them are no coincidence


@dataclass(frozen=True)
class Roles:
    """Where the columns of each kind stand.

    Args:
        bag: the column that names the bag of a row.
        instance: the column that names the row; None: there is none.
        others: further columns of names, no features.
        index: columns that are called, or not called, as the numbers of rows are.
        features: all others.
    """

    bag: int
    instance: int | None
    others: tuple[int, ...]
    index: tuple[int, ...]
    features: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Instances:
    """A table of T instances with F features.

    Args:
        ids: ``(T,)`` str, the bag of each.
        values: ``(T, F)`` float32, finite.
        names: F names of the features; None where the file gives none.
        instances: ``(T,)`` str, names of the rows; None: there are none.
        spare: columns of numbers that were left out, ``(T,)`` by name: a run may know them as features.
        notes: what was decided in reading.
    """

    ids: np.ndarray
    values: np.ndarray
    names: tuple[str, ...] | None
    instances: np.ndarray | None = None
    spare: dict[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def clean_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return column names without blanks around them, accents composed: as they are compared."""
    return tuple(unicodedata.normalize("NFC", name.strip()) for name in header)


def roles_of(path: Path, header: Sequence[str]) -> Roles:
    """Return what each column is, by its name.

    Raises:
        DataError: no column that names bags, none left for features, or two columns of one name.
    """
    plain = [plain_name(name) for name in header]
    found = next((name for name in BAG_COLUMNS if name in plain), None)
    if found is None:
        raise DataError(
            f"{path}: no column that names the bag of each row: call it bag (or slide_id, case_id); "
            f"there are {listed(header)}"
        )
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    twice += [found] * (plain.count(found) > 1 and found not in twice)
    if twice:
        raise DataError(
            f"{path}: columns that are there more than once: {listed(twice)}; rename or remove them"
        )
    bag = plain.index(found)
    instance = next((plain.index(name) for name in INSTANCE_COLUMNS if name in plain), None)
    rest = [number for number in range(len(header)) if number not in (bag, instance)]
    others = tuple(n for n in rest if plain[n] in (*BAG_COLUMNS, *INSTANCE_COLUMNS))
    index = tuple(n for n in rest if _INDEX.fullmatch(plain[n]))
    features = tuple(n for n in rest if n not in (*others, *index))
    return Roles(bag, instance, others, index, features)


def refuse_featureless(path: Path, features: Sequence[object]) -> None:
    """Refuse a table without a feature.

    Raises:
        DataError: names the file.
    """
    if not features:
        raise DataError(f"{path}: no column of features beside those of names and indices")


def counts_rows(values: np.ndarray) -> bool:
    """Return whether a column ``(T,)`` counts the rows from 0: an index that somebody gave a name.

    Example:
        >>> counts_rows(np.array([0, 1, 2])), counts_rows(np.array([0, 1, 1]))
        (True, False)
    """
    return len(values) >= _FEWEST and bool(np.array_equal(values, np.arange(len(values))))


def without_counters(table: Instances, left_out: Sequence[str]) -> Instances:
    """Return the table without features that only count its rows, and with notes about all that is left out.

    Args:
        table: as it was read.
        left_out: names of the columns that are out already.
    """
    names = table.names or ()
    counters = [number for number in range(len(names)) if counts_rows(table.values[:, number])]
    if len(counters) == len(names):
        counters = []
    kept = [number for number in range(table.values.shape[1]) if number not in counters]
    spare = table.spare | {names[number]: table.values[:, number] for number in counters}
    out = [*left_out, *(names[number] for number in counters)]
    said = (f"columns that are no features (numbers of rows, names): {listed(out)}: left out",) if out else ()
    return Instances(
        table.ids,
        table.values[:, kept] if counters else table.values,
        tuple(names[number] for number in kept) if table.names is not None else None,
        table.instances,
        spare,
        (*table.notes, *said),
    )


def id_notes(bags: BagDataset, names: Sequence[str] | None) -> tuple[str, ...]:
    """Return a sentence about features that look like a number given to each bag, none where there are none.

    They are whole, one value in each bag and another in every bag.
    """
    if names is None or len(bags) < _FEWEST or bags.sizes.max() < 2:
        return ()
    starts = bags.offsets[:-1]
    low, high = (
        extreme.reduceat(bags.values, starts, axis=0) for extreme in (np.minimum, np.maximum)
    )  # (N, F)
    alike = np.flatnonzero(((low == high) & (low == np.round(low))).all(axis=0))
    found = [names[int(number)] for number in alike if len(np.unique(low[:, number])) == len(bags)]
    if not found:
        return ()
    return (
        f"features that give each bag a number of its own: {listed(found)}: if these are ids, remove them",
    )


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence shows them, the first few of many.

    Example:
        >>> listed(["a", ""])
        "'a', (a column without a name)"
    """
    shown = ", ".join(repr(str(name)) if name else "(a column without a name)" for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
