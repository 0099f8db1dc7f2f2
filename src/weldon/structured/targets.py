"""Labels of bags as scikit-learn gives them, to the targets of an output space."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d
from torch import Tensor

from weldon.errors import UsageError


def is_multilabel(y: Any) -> bool:
    """Whether ``y`` is a table of labels: several columns, or one with unknown cells."""
    table = np.asarray(y)
    return table.ndim == 2 and (table.shape[1] > 1 or _has_unknown(table))


def encode_classes(y: Any) -> tuple[np.ndarray, Tensor]:
    """Classes in sorted order, and the number of each bag's class ``(N,)`` int64.

    Example:
        >>> encode_classes(["dog", "cat", "dog"])
        (array(['cat', 'dog'], dtype='<U3'), tensor([1, 0, 1]))
    """
    column = column_or_1d(y, warn=True)
    check_classification_targets(column)
    classes, code = np.unique(column, return_inverse=True)
    return classes, torch.from_numpy(code.astype(np.int64))


def encode_labels(y: Any) -> Tensor:
    """A table of 1, 0 and NaN for unknown as ``(N, C)`` float64; a single column may come flat.

    Raises:
        UsageError: other values.

    Example:
        >>> encode_labels([[1, float("nan")], [0, 1]])
        tensor([[1., nan],
                [0., 1.]], dtype=torch.float64)
    """
    table = np.asarray(y)
    if table.dtype.kind not in "biuf":
        raise UsageError(
            "Unknown label type: `y` must hold 1 (present), 0 (absent) and NaN (unknown), "
            f"got {table.dtype} values"
        )
    table = table.astype(np.float64).reshape(len(table), -1)
    odd = table[~np.isin(table, (0.0, 1.0)) & ~np.isnan(table)]
    if len(odd):
        raise UsageError(f"`y` must hold 1 (present), 0 (absent) and NaN (unknown), got {odd[0]}")
    return torch.from_numpy(table)


def _has_unknown(table: np.ndarray) -> bool:
    return table.dtype.kind == "f" and bool(np.isnan(table).any())
