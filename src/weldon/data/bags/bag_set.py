"""Bags of instances as one array and offsets, whatever they came as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, overload

import numpy as np
import scipy.sparse as sp

from weldon.errors import UsageError

Values: TypeAlias = Any  # (T, F): a NumPy array, or a SciPy sparse array in CSR form


@dataclass(frozen=True, eq=False)
class BagDataset:
    """N bags: the T instances of all of them one below the other, and where each bag begins.

    It has a length and takes indices, slices and masks, as scikit-learn's splitters ask; a single index gives
    the ``(R, F)`` array of that bag.

    Args:
        values: ``(T, F)`` array or SciPy sparse array, one row an instance.
        offsets: ``(N + 1,)`` int64, bag i holds the rows from ``offsets[i]`` up to ``offsets[i + 1]``.

    Raises:
        UsageError: offsets that do not start at 0, do not end at T, or leave a bag empty.

    Example:
        >>> bags = BagDataset(np.arange(6.0).reshape(3, 2), [0, 1, 3])
        >>> len(bags), bags.sizes.tolist(), bags[1].tolist()
        (2, [1, 2], [[2.0, 3.0], [4.0, 5.0]])
    """

    values: Values
    offsets: np.ndarray

    def __post_init__(self) -> None:
        values = sp.csr_array(self.values) if sp.issparse(self.values) else np.asarray(self.values)
        if values.ndim != 2:
            raise UsageError(f"`values` must be (T, F), one row an instance, got shape {values.shape}")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "offsets", _check_offsets(self.offsets, values.shape[0]))

    @classmethod
    def from_list(cls, bags: Sequence[Values]) -> BagDataset:
        """Stack a list of ``(R_i, F)`` arrays, dense or sparse.

        Raises:
            UsageError: no bag, a bag that is not two-dimensional or empty, or bags of different widths; the
                message names the bag.
        """
        _check_bags(bags)
        sizes = [bag.shape[0] for bag in bags]
        sparse = any(sp.issparse(bag) for bag in bags)
        stacked = sp.vstack(bags, format="csr") if sparse else np.concatenate([np.asarray(b) for b in bags])
        return cls(stacked, np.concatenate([[0], np.cumsum(sizes)]))

    @classmethod
    def from_ids(cls, values: Values, ids: Sequence[Any] | np.ndarray) -> tuple[BagDataset, np.ndarray]:
        """Group the rows of a long table by the bag each belongs to, bags in the order of first appearance.

        Args:
            values: ``(T, F)``, one row an instance.
            ids: ``(T,)``, the name of each row's bag; its rows need not be neighbours.

        Returns:
            The bags, and the ``(N,)`` array of their names.

        Example:
            >>> bags, names = BagDataset.from_ids(np.array([[1.0], [2.0], [3.0]]), ["b", "a", "b"])
            >>> names.tolist(), bags[0].tolist()
            (['b', 'a'], [[1.0], [3.0]])
        """
        given = np.asarray(ids)
        if given.shape != (values.shape[0],):
            raise UsageError(
                f"`ids` must be (T,) = ({values.shape[0]},), one for each row, got {given.shape}"
            )
        names, first, code = np.unique(given, return_index=True, return_inverse=True)
        appearance = np.argsort(first)
        place = np.empty_like(appearance)
        place[appearance] = np.arange(len(appearance))
        rank = place[code]  # (T,) number of each row's bag
        sizes = np.bincount(rank, minlength=len(names))
        rows = np.argsort(rank, kind="stable")
        return cls(values[rows], np.concatenate([[0], np.cumsum(sizes)])), names[appearance]

    @property
    def sizes(self) -> np.ndarray:
        """``(N,)`` instances of each bag."""
        return np.diff(self.offsets)

    @property
    def num_features(self) -> int:
        """F."""
        return int(self.values.shape[1])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, key: int | np.integer[Any]) -> Values: ...
    @overload
    def __getitem__(self, key: slice | np.ndarray | Sequence[int]) -> BagDataset: ...
    def __getitem__(self, key: Any) -> Any:
        """One bag's instances, or the bags of a slice, of indices or of a mask."""
        if isinstance(key, int | np.integer):
            bag = range(len(self))[key]
            return self.values[self.offsets[bag] : self.offsets[bag + 1]]
        return self.select(np.arange(len(self))[key])

    def __iter__(self) -> Iterator[Values]:
        return (self[bag] for bag in range(len(self)))

    def select(self, bags: np.ndarray) -> BagDataset:
        """The bags of these numbers, in this order."""
        sizes = self.sizes[bags]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[bags] - offsets[:-1], sizes)
        return BagDataset(self.values[rows], offsets)

    def with_values(self, values: Values) -> BagDataset:
        """The same bags with other features."""
        return BagDataset(values, self.offsets)

    def __repr__(self) -> str:
        kind = "sparse" if sp.issparse(self.values) else str(self.values.dtype)
        count, width = self.values.shape
        return f"BagDataset({len(self)} bags, {count} instances, {width} features, {kind})"


def as_bags(bags: Any) -> BagDataset:
    """Read bags in any of the forms users have.

    Args:
        bags: a :class:`BagDataset`; a list (or object array) of ``(R_i, F)`` arrays, dense or sparse; an
            ``(N, R, F)`` array, N bags of equal size; or a plain table ``(N, F)`` (array, sparse or data
            frame), N bags of one instance.

    Raises:
        UsageError: anything else.

    Example:
        >>> as_bags([np.ones((2, 3)), np.ones((1, 3))])
        BagDataset(2 bags, 3 instances, 3 features, float64)
        >>> as_bags(np.ones((4, 3)))
        BagDataset(4 bags, 4 instances, 3 features, float64)
    """
    if isinstance(bags, BagDataset):
        return bags
    if is_list_of_bags(bags):
        return BagDataset.from_list(bags)
    if sp.issparse(bags):
        return BagDataset(bags, np.arange(bags.shape[0] + 1))
    table = np.asarray(bags)
    if table.ndim == 3:
        count, size, width = table.shape
        return BagDataset(table.reshape(count * size, width), np.arange(count + 1) * size)  # (N·R, F)
    if table.ndim != 2:
        raise UsageError(
            "`X` must be bags: a list of (R_i, F) arrays, a BagDataset, an (N, R, F) array, or a table "
            f"(N, F) of bags of one instance, got shape {table.shape}. Reshape your data"
        )
    return BagDataset(table, np.arange(len(table) + 1))


def is_list_of_bags(bags: Any) -> bool:
    """Whether this is a list, tuple or object array whose first item is itself two-dimensional."""
    if isinstance(bags, np.ndarray) and (bags.dtype != object or bags.ndim != 1):
        return False
    if not isinstance(bags, list | tuple | np.ndarray) or len(bags) == 0:
        return False
    return getattr(bags[0], "ndim", 0) == 2


def _check_bags(bags: Sequence[Values]) -> None:
    if len(bags) == 0:
        raise UsageError("`bags` must hold at least one bag, got none")
    width = bags[0].shape[1] if getattr(bags[0], "ndim", 0) == 2 else None
    for number, bag in enumerate(bags):
        shape = getattr(bag, "shape", None)
        if shape is None or len(shape) != 2 or shape[0] == 0:
            raise UsageError(f"bag {number} must be (R, F) with at least one instance, got shape {shape}")
        if shape[1] != width:
            raise UsageError(f"bag {number} must have {width} features like bag 0, got {shape[1]}")


def _check_offsets(offsets: Any, instances: int) -> np.ndarray:
    checked = np.asarray(offsets)
    if checked.ndim != 1 or len(checked) == 0 or checked.dtype.kind not in "iu":
        raise UsageError(f"`offsets` must be (N + 1,) whole numbers, got {checked.dtype} {checked.shape}")
    checked = checked.astype(np.int64)
    if checked[0] != 0 or checked[-1] != instances:
        raise UsageError(
            f"`offsets` must begin with 0 and end with the number of instances, {instances}, "
            f"got {checked[0]} and {checked[-1]}"
        )
    empty = np.flatnonzero(np.diff(checked) <= 0)
    if len(empty):
        raise UsageError(f"every bag must have at least one instance, got none in bag {empty[0]}")
    return checked
