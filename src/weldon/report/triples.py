"""Draw photograph, true mask and predicted mask side by side (Fig. 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from weldon.data import Record
from weldon.data.true_masks import TrueMasks, find_masks, read_legend
from weldon.inference.image_list import NamedImage
from weldon.inference.predict import Predictor
from weldon.metrics import class_iou, confusion_matrix
from weldon.report.data_uri import class_colour, mask_uri
from weldon.report.views import Photo, make_photo
from weldon.void import VOID

SIDE = 300


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


def read_truth(records: Sequence[Record], classes: Sequence[str], *, folder: Path | None) -> TrueMasks | None:
    """Return the true masks of the images: those in ``folder``, else their own; None where there are none.

    Raises:
        UsageError: ``folder`` holds the mask of no image.
    """
    paths = find_masks(records, folder)
    return TrueMasks(paths, classes, read_legend(None, folder, classes)) if paths else None


def spread_evenly(count: int, limit: int) -> list[int]:
    """Return ``limit`` positions out of ``count``, evenly apart, so that no result chooses what is shown.

    Example:
        >>> spread_evenly(10, 3), spread_evenly(2, 3)
        ([1, 5, 8], [0, 1])
    """
    shown = min(limit, count)
    return [(2 * number + 1) * count // (2 * shown) for number in range(shown)]


def draw_triples(
    records: Sequence[Record],
    truth: TrueMasks | None,
    predictor: Predictor,
    *,
    limit: int,
    first_key: int,
    crf: bool = False,
) -> list[Triple]:
    """Return up to ``limit`` triples, evenly from the images that have a true mask.

    Args:
        records: the images.
        truth: their masks.
        predictor: the run.
        limit: how many.
        first_key: number of the first photograph in the page.
        crf: refine the predicted masks.
    """
    masked = [] if truth is None else [record for record in records if record.file_name in truth]
    if truth is None or not masked or not limit:
        return []
    chosen = [masked[place] for place in spread_evenly(len(masked), limit)]
    images = [NamedImage(record.path, str(number)) for number, record in enumerate(chosen)]
    triples: list[Triple] = []
    for result in predictor.predict_many(images):
        name = chosen[int(result.file_name)].file_name
        photo = make_photo(result, first_key + len(triples), name=name, side=SIDE)
        masks = truth.read(name, (result.width, result.height)), result.mask(crf=crf)
        triples.append(_triple(photo, *masks, truth.labels))
    return triples


def _triple(
    photo: Photo, truth: NDArray[np.uint8], predicted: NDArray[np.uint8], labels: Sequence[str]
) -> Triple:
    held = sorted((set(np.unique(truth).tolist()) | set(np.unique(predicted).tolist())) - {0, VOID})
    legend = tuple(Legend(labels[number], _css(number)) for number in held)
    truth_uri, predicted_uri = (mask_uri(_resize(mask, photo)) for mask in (truth, predicted))
    return Triple(photo, truth_uri, predicted_uri, legend, image_iou(truth, predicted))


def image_iou(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> float:
    """Return the mean intersection over union of what is in either mask; 255 in the truth is left out.

    Example:
        >>> truth, predicted = np.array([[1, 1, 0, 255]], np.uint8), np.array([[1, 0, 0, 0]], np.uint8)
        >>> image_iou(truth, predicted)    # class 1: 1 of 2 pixels, background: 1 of 2
        0.5
    """
    classes = 1 + int(max(truth[truth != VOID].max(initial=0), predicted.max()))
    guess, target = (torch.from_numpy(mask.astype(np.int64)) for mask in (predicted, truth))
    counts = confusion_matrix(guess, target, classes)
    return float(class_iou(counts).nanmean())


def _css(index: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*class_colour(index))


def _resize(mask: NDArray[np.uint8], photo: Photo) -> NDArray[np.uint8]:
    small = Image.fromarray(mask).resize((photo.width, photo.height), Image.Resampling.NEAREST)
    return np.asarray(small)
