"""Segmentation triples: photograph, true mask, predicted mask (Fig. 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from weldon.data import Record
from weldon.errors import DataError, UsageError
from weldon.inference.colours import index_colour
from weldon.inference.images import NamedImage
from weldon.inference.predict import Predictor
from weldon.metrics import class_iou, confusion_matrix
from weldon.report.data_uri import mask_uri
from weldon.report.views import Photo, make_photo

SIDE = 300
IGNORED = 255


@dataclass(frozen=True, slots=True)
class Legend:
    """A class and its colour in the masks."""

    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Triple:
    """A photograph with its true and its predicted mask, both at the size of its drawing.

    Args:
        photo: the photograph.
        truth_uri: the true mask.
        mask_uri: the predicted mask.
        legend: the classes in either.
        iou: mean intersection over union of background and the classes in either, in 0-1.
    """

    photo: Photo
    truth_uri: str
    mask_uri: str
    legend: tuple[Legend, ...]
    iou: float


def with_masks(records: Sequence[Record], folder: Path | None) -> list[Record]:
    """Return the records that have a true mask: of their own, or ``STEM.png`` in ``folder``.

    Raises:
        UsageError: ``folder`` holds the mask of no record.
    """
    if folder is None:
        return [record for record in records if record.mask is not None]
    paths = {record.path: folder / f"{Path(record.file_name).stem}.png" for record in records}
    found = [replace(r, mask=paths[r.path]) for r in records if paths[r.path].is_file()]
    if not found:
        raise UsageError(f"masks must be a folder with STEM.png for an image, got {str(folder)!r}")
    return found


def spread_evenly(count: int, limit: int) -> list[int]:
    """Return ``limit`` positions out of ``count``, evenly apart, so that no result chooses what is shown.

    Example:
        >>> spread_evenly(10, 3), spread_evenly(2, 3)
        ([1, 5, 8], [0, 1])
    """
    shown = min(limit, count)
    return [(2 * number + 1) * count // (2 * shown) for number in range(shown)]


def draw_triples(
    records: Sequence[Record], predictor: Predictor, *, limit: int, first_key: int
) -> list[Triple]:
    """Return up to ``limit`` triples, evenly from ``records``, which all have masks.

    Args:
        records: images with a true mask.
        predictor: the run.
        limit: how many.
        first_key: number of the first photograph in the page.
    """
    chosen = [records[place] for place in spread_evenly(len(records), limit)] if limit else []
    if not chosen:
        return []
    images = [NamedImage(record.path, str(number)) for number, record in enumerate(chosen)]
    triples: list[Triple] = []
    for result in predictor.predict_many(images):
        record = chosen[int(result.file_name)]
        assert record.mask is not None
        photo = make_photo(result, first_key + len(triples), name=record.file_name, side=SIDE)
        truth, predicted = read_mask(record.mask, (result.width, result.height)), result.mask()
        held = sorted((set(np.unique(truth)) | set(np.unique(predicted))) - {0, IGNORED})
        legend = tuple(Legend(_name(index, predictor.classes), _css(index)) for index in held)
        truth_uri, predicted_uri = (mask_uri(_resize(mask, photo)) for mask in (truth, predicted))
        triples.append(Triple(photo, truth_uri, predicted_uri, legend, image_iou(truth, predicted)))
    return triples


def read_mask(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an indexed mask, ``(height, width)`` uint8, of an image of ``size`` (width, height).

    Raises:
        DataError: the file cannot be read, is no indexed mask, or has another size.
    """
    try:
        with Image.open(path) as picture:
            mask = np.asarray(picture)
    except OSError as error:
        raise DataError(f"cannot read the mask {path}: {error}") from error
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise DataError(f"{path} must hold one class index a pixel, got {mask.dtype} {mask.shape}")
    if mask.shape != (size[1], size[0]):
        raise DataError(
            f"{path} must be {size[0]} x {size[1]} as its image, got {mask.shape[1]} x {mask.shape[0]}"
        )
    return mask


def image_iou(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> float:
    """Return the mean intersection over union of what is in either mask; 255 in the truth is left out.

    Example:
        >>> truth, predicted = np.array([[1, 1, 0, 255]], np.uint8), np.array([[1, 0, 0, 0]], np.uint8)
        >>> image_iou(truth, predicted)    # class 1: 1 of 2 pixels, background: 1 of 2
        0.5
    """
    classes = 1 + int(max(truth[truth != IGNORED].max(initial=0), predicted.max()))
    guess, target = (torch.from_numpy(mask.astype(np.int64)) for mask in (predicted, truth))
    counts = confusion_matrix(guess, target, classes)
    return float(class_iou(counts).nanmean())


def _name(index: int, classes: Sequence[str]) -> str:
    return classes[index - 1] if index <= len(classes) else f"index {index}"


def _css(index: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*index_colour(index))


def _resize(mask: NDArray[np.uint8], photo: Photo) -> NDArray[np.uint8]:
    small = Image.fromarray(mask).resize((photo.width, photo.height), Image.Resampling.NEAREST)
    return np.asarray(small)
