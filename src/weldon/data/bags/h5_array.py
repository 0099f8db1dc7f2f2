"""The array of one bag in an HDF5 file, as TRIDENT and CLAM write the patches of a slide; needs extra ``h5``.

Layout: a dataset ``features`` ``(R, F)`` and a dataset ``coords`` ``(R, 2)``, the top left corner of each
patch in the full resolution of the slide; TRIDENT's ``coords`` says the side of a patch there as
``patch_size_level0``.
Sources: ``WSI.extract_patch_features`` of mahmoodlab/TRIDENT, ``extract_features_fp.py`` of mahmoodlab/CLAM.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from weldon.errors import MissingPackageError

HDF5 = (".h5", ".hdf5")
FEATURES, COORDS, SIDE = "features", "coords", "patch_size_level0"
_REAL = "fiub"


def h5_shape(path: Path) -> tuple[int, ...]:
    """Return the shape of the features, without reading them.

    Raises:
        ValueError: no such dataset, one in another file, no real numbers, or coordinates of other instances.
        MissingPackageError: h5py is not installed.
        Exception: whatever h5py raises on what is damaged.
    """
    with _opened(path) as file:
        features = _dataset(file, FEATURES)
        if features is None:
            there = ", ".join(file) or "nothing"
            hint = (
                ": it says where the patches lie; give the folder of their features" if COORDS in file else ""
            )
            raise ValueError(f"no dataset {FEATURES!r}, only {there}{hint}")
        if features.dtype.kind not in _REAL:
            raise ValueError(f"{FEATURES} holds values of type {features.dtype}, not real numbers")
        shape = tuple(int(side) for side in features.shape)
        coords = _dataset(file, COORDS)
        if coords is not None and (len(coords.shape) != 2 or coords.shape[:1] != shape[:1]):
            raise ValueError(f"{COORDS} must be a row an instance, got {coords.shape} beside {shape}")
    return shape


def h5_features(path: Path) -> np.ndarray:
    """Return the features as they are stored."""
    with _opened(path) as file:
        values: np.ndarray = file[FEATURES][()]
    return values


def h5_coords(path: Path) -> np.ndarray | None:
    """Return where the instances lie, ``(R, 2)``; None where the file does not say."""
    with _opened(path) as file:
        coords = _dataset(file, COORDS)
        return None if coords is None else np.asarray(coords[()])


def h5_patch_side(path: Path) -> int | None:
    """Return the side of a patch in pixels at full resolution; None where the file does not say."""
    with _opened(path) as file:
        coords = _dataset(file, COORDS)
        side = None if coords is None else coords.attrs.get(SIDE)
    return int(side) if isinstance(side, int | float | np.number) and np.isfinite(side) else None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        import h5py
    except ImportError:
        raise MissingPackageError(f"to read {path}", "h5py", "h5") from None
    if not h5py.is_hdf5(path):
        raise ValueError("it is no HDF5 file")
    with h5py.File(path, "r", locking=False) as file:  # shared disks have no locks
        yield file


def _dataset(file: Any, name: str) -> Any:
    """Return a dataset of the file itself; None where there is none of that name.

    Raises:
        ValueError: it lies in another file, which a stranger could have chosen, or is no dataset.
    """
    import h5py

    found = file.get(name)
    if found is None:
        if file.get(name, getlink=True) is not None:
            raise ValueError(f"{name} is a link that leads nowhere")
        return None
    if not isinstance(found, h5py.Dataset):
        raise ValueError(f"{name} is no dataset")
    if found.file.filename != file.filename or found.external or found.is_virtual:
        raise ValueError(f"{name} lies in another file: save it in this one")
    return found
