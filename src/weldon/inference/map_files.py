"""Maps and masks as files: npz, overlay and indexed png."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from weldon.choice import unknown_name
from weldon.data.file_names import FreeNames, inside, shortened_name
from weldon.data.geometry import Geometry, upsample_map
from weldon.errors import DataError
from weldon.files import replacing
from weldon.inference.overlay import mask_palette
from weldon.inference.result import Result

# What numpy, and the geometry of what it found, make of a file that is empty, cut short or of another kind.
_UNREADABLE = (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error)


def file_stem(file_name: str) -> PurePosixPath:
    """Return the name without its suffix, its folders kept but never leading out of the output folder.

    Example:
        >>> file_stem("day 1/cat.jpg"), file_stem("../cat.v2.png")
        (PurePosixPath('day 1/cat'), PurePosixPath('cat.v2'))
    """
    return PurePosixPath(inside("", file_name).as_posix()).with_suffix("")


def safe_name(class_name: str) -> str:
    """Return a class name as part of a file name: whatever a file system may refuse becomes ``_``.

    Example:
        >>> safe_name("rolled-in scale"), safe_name("and/or")
        ('rolled-in scale', 'and_or')
    """
    return shortened_name(re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", class_name), 50)


def class_files(classes: Sequence[str]) -> dict[str, str]:
    """Return what each class is called in file names: no two classes alike, also where capitals do not count.

    Example:
        >>> class_files(["a/b", "a_b", "dog"])
        {'a/b': 'a_b', 'a_b': 'a_b.2', 'dog': 'dog'}
    """
    free = FreeNames()
    return {name: free.claim(safe_name(name) or "_") for name in classes}


def write_heatmaps(result: Result, path: Path) -> None:
    """Write the signed maps of all classes, unnormalised, with what it takes to lay them over the image.

    Arrays: ``maps`` ``(C, h, w)`` float32 over the network's canvas, ``classes`` and ``scores`` ``(C,)``,
    ``width``, ``height``, ``image_size``, ``resize``. :func:`read_heatmap` brings one class to image size.
    """
    geometry = result.geometry
    with replacing(path) as draft, draft.open("wb") as file:  # given a name, numpy would add its ending
        np.savez_compressed(
            file,
            maps=result.class_maps.numpy(),
            classes=np.array(result.classes),
            scores=result.class_scores.numpy(),
            width=np.array(geometry.width),
            height=np.array(geometry.height),
            image_size=np.array(geometry.image_size),
            resize=np.array(geometry.resize),
        )


def read_heatmap(path: str | Path, class_name: str) -> NDArray[np.float32]:
    """Return the signed map of a class at the size of the image, ``(height, width)``, from an npz file.

    Raises:
        DataError: the file is none that :func:`write_heatmaps` wrote.
        UsageError: it has no such class.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        classes = [str(name) for name in arrays["classes"]]
        width, height, image_size = (int(arrays[name]) for name in ("width", "height", "image_size"))
        geometry = Geometry(width, height, image_size, str(arrays["resize"]))
    except _UNREADABLE as error:
        raise DataError(f"{path} is no file of heat maps that weldon wrote: {error}") from None
    if class_name not in classes:
        raise unknown_name("class", class_name, classes)
    values = torch.from_numpy(arrays["maps"][[classes.index(class_name)]])
    return np.asarray(upsample_map(values, geometry)[0].numpy(), dtype=np.float32)


def write_overlays(result: Result, paths: Mapping[str, Path]) -> None:
    """Write a picture under the map of each class that has a path."""
    for name, path in paths.items():
        _save_png(result.overlay(name), path)


def overlay_paths(stem: Path, result: Result) -> dict[str, Path]:
    """Return ``STEM.CLASS.png`` for each predicted class (the best, where none is)."""
    files = class_files(result.classes)
    return {name: stem.with_name(f"{stem.name}.{files[name]}.png") for name in result.shown}


def write_mask(mask: NDArray[np.uint8], path: Path) -> None:
    """Write a mask as an indexed png with the VOC devkit's colours: the pixel values are the classes."""
    size = (mask.shape[1], mask.shape[0])
    image = Image.frombuffer(
        "P", size, np.ascontiguousarray(mask), "raw", "P", 0, 1
    )  # no copy: it may be large
    image.putpalette(mask_palette())
    _save_png(image, path)


def _save_png(image: Image.Image, path: Path) -> None:
    with replacing(path) as draft:
        image.save(draft, format="PNG")
