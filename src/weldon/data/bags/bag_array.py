"""The array of one bag in a file of its own: what its header says, whether that can be, and its values."""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from safetensors import safe_open

from weldon.data.bags.h5_array import COORDS, FEATURES, HDF5, h5_coords, h5_features, h5_patch_side, h5_shape
from weldon.errors import DataError, WeldonError, system_reason

_BYTES = 4  # of float32


def machine_memory() -> int:
    """Return the bytes of memory this machine has; where it does not say, a very large number."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 1 << 62


def refuse_too_large(path: Path, shape: Sequence[int]) -> None:
    """Refuse an array of float32 that cannot be held.

    Raises:
        DataError: names the file and how large it is.

    Example:
        >>> refuse_too_large(Path("a.npy"), (10**12, 512))
        Traceback (most recent call last):
        weldon.errors.DataError: a.npy declares 1000000000000 x 512 numbers, more than fit in memory
    """
    if prod(shape) * _BYTES > machine_memory():
        said = " x ".join(map(str, shape))
        raise DataError(f"{path} declares {said} numbers, more than fit in memory")


NUMPY, TENSORS = ".npy", ".safetensors"
_MAGIC, _ARCHIVE = b"\x93NUMPY", b"PK"
_REAL = "fiub"  # kinds of NumPy's numbers that are real
_COMPLEX = ("C64", "C128")  # as safetensors calls them


def array_shape(path: Path) -> tuple[int, ...]:
    """Return the shape of a bag from the header alone.

    Raises:
        DataError: no array of real numbers, or a header that does not fit the file; it names the file.
    """
    with _named(path):
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("it is no file, but a pipe or a device")  # opening a pipe would wait for ever
        return _SHAPES.get(path.suffix.lower(), _numpy_shape)(path)


def read_array(path: Path) -> np.ndarray:
    """Return the instances of a bag, ``(R, F)`` float32, all of them finite.

    bfloat16 and all other kinds of floats and integers are read; nothing is unpickled.

    Raises:
        DataError: as for :func:`array_shape`, or a feature that is not finite; its instance is named.
    """
    shape = array_shape(path)
    refuse_too_large(path, shape)
    with _named(path):
        values = _VALUES.get(path.suffix.lower(), _numpy)(path)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(values, dtype=np.float32)
    if values.ndim != 2:
        raise DataError(f"{path}: must be (R, F), got shape {values.shape}")
    bad = np.flatnonzero(~np.isfinite(values).all(1))
    if len(bad):
        raise DataError(f"{path}, instance {bad[0]}: a feature that is not a finite number ({len(bad)} such)")
    return values


def read_coords(path: Path) -> list[str] | None:
    """Return the names that a bag's ``coords`` give its instances, as ``x,y``; None where there are none."""
    read = _PLACES.get(path.suffix.lower())
    if read is None:
        return None
    with _named(path):
        rows = read(path)
    return None if rows is None else [",".join(_short(value) for value in row) for row in rows]


def patch_side(path: Path) -> int | None:
    """Return the side of the patches in an HDF5 file, in pixels of the slide; None where it does not say."""
    with _named(path):
        return h5_patch_side(path)


def _short(value: Any) -> str:
    return str(int(value)) if np.isfinite(value) and value == np.round(value) else str(value)


def _numpy(path: Path) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in the header
        values: np.ndarray = np.load(path, allow_pickle=False)
    return values


def _numpy_shape(path: Path) -> tuple[int, ...]:
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a header of Python 2 is read all the same
        kind, shape = _numpy_header(file)
        start = file.tell()
        size = file.seek(0, 2) - start
    if kind.hasobject:
        raise ValueError("it holds pickled objects, which are never loaded: save an array of numbers")
    if kind.kind not in _REAL:
        raise ValueError(f"it holds values of kind {kind}, not real numbers")
    wanted = prod(shape) * kind.itemsize
    if min(shape, default=0) < 0 or wanted > size:
        raise ValueError(
            f"its header declares shape {shape}, {wanted} bytes, but {size} are there: it is cut off"
        )
    if wanted < size:
        raise ValueError(f"{size - wanted} bytes follow its array: save one array a file")
    return shape


def _numpy_header(file: BinaryIO) -> tuple[np.dtype[Any], tuple[int, ...]]:
    start = file.read(len(_MAGIC))
    file.seek(0)
    if start[: len(_ARCHIVE)] == _ARCHIVE:
        raise ValueError("it is an .npz archive of arrays: save each bag with numpy.save")
    if start != _MAGIC:
        raise ValueError("it is no array that numpy.save wrote")
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, kind = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"it is written in version {version[0]}.{version[1]} of the format: save it anew")
    return kind, tuple(int(size) for size in shape)


def _tensor_shape(path: Path) -> tuple[int, ...]:
    with safe_open(path, framework="pt") as file:
        part = file.get_slice(_key(file))
        if part.get_dtype() in _COMPLEX:
            raise ValueError("it holds complex numbers, not real ones")
        shape = tuple(part.get_shape())
        if COORDS in file.keys():  # noqa: SIM118 - the file is no mapping
            coords = tuple(file.get_slice(COORDS).get_shape())
            if len(coords) != 2 or coords[:1] != shape[:1]:
                raise ValueError(f"{COORDS} must be a row an instance, got shape {coords} beside {shape}")
    return shape


def _tensor(path: Path) -> np.ndarray:
    with safe_open(path, framework="pt") as file:  # PyTorch knows bfloat16, NumPy does not
        values: np.ndarray = file.get_tensor(_key(file)).float().numpy()
    return values


def _tensor_coords(path: Path) -> np.ndarray | None:
    with safe_open(path, framework="pt") as file:
        if COORDS not in file.keys():  # noqa: SIM118 - the file is no mapping
            return None
        coords = file.get_tensor(COORDS)
        narrow = coords.is_floating_point() and coords.dtype != torch.float64
        rows: np.ndarray = (coords.float() if narrow else coords).numpy()  # NumPy has no bfloat16
    return rows


_SHAPES = {TENSORS: _tensor_shape} | dict.fromkeys(HDF5, h5_shape)
_VALUES = {TENSORS: _tensor} | dict.fromkeys(HDF5, h5_features)
_PLACES = {TENSORS: _tensor_coords} | dict.fromkeys(HDF5, h5_coords)


def _key(file: Any) -> str:
    """Return the name of the tensor of features.

    Raises:
        ValueError: several tensors, none of them called ``features``.
    """
    keys = [key for key in file.keys() if key != COORDS]  # noqa: SIM118 - the file is no mapping
    if FEATURES in keys:
        return FEATURES
    if len(keys) != 1:
        raise ValueError(f"no tensor {FEATURES!r}, only {', '.join(keys) or 'none'}")
    return str(keys[0])


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn whatever reading a file raises into a sentence with its name."""
    try:
        yield
    except WeldonError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {system_reason(error)}") from error
    except Exception as error:  # damaged headers raise what they like, in every library
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"{path}: cannot be read: {said}") from error
