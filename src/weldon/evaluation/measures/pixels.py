"""Measure how well maps rank the pixels of masks (PxAP); no threshold is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from weldon.data import upsample_map
from weldon.data.true_masks import TrueMasks
from weldon.evaluation.measures.masks import held_labels
from weldon.evaluation.measures.measure import Figures, ImageMaps, MeasureKind
from weldon.metrics import normalise_map
from weldon.metrics.pixel_precision import BINS, histogram_average_precision, score_histogram
from weldon.void import VOID

if TYPE_CHECKING:
    from weldon.evaluation.evaluate import EvaluationContext


class PixelMeasure:
    """PxAP: the pixels of the maps of all pairs (image, class in its mask) in one ranking.

    The class is given, its score plays no part; each map is stretched to 0–1 in its image.

    Args:
        masks: the true masks; an image without one is left out.
    """

    def __init__(self, masks: TrueMasks) -> None:
        self.masks = masks
        self.histograms = torch.zeros(len(masks.classes), 2, BINS + 1, dtype=torch.long)

    def update(self, answer: ImageMaps) -> None:
        """Count the pixels of every class in the image's mask."""
        if answer.record.file_name not in self.masks:
            return
        truth = self.masks.read(answer.record.file_name, (answer.geometry.width, answer.geometry.height))
        for column in (number - 1 for number in held_labels(truth) if 0 < number <= len(self.masks.classes)):
            claims = normalise_map(upsample_map(answer.maps[column][None], answer.geometry)[0])
            self.histograms[column] += score_histogram(claims, object_mask(truth, column + 1))

    def figures(self) -> Figures:
        """Return ``pxap``, of all pairs together and of each class's."""
        per_class = {
            name: {"pxap": float(histogram_average_precision(histogram))}
            for name, histogram in zip(self.masks.classes, self.histograms, strict=True)
        }
        return Figures({"pxap": float(histogram_average_precision(self.histograms.sum(0)))}, per_class)


def object_mask(truth: np.ndarray[tuple[int, int], np.dtype[np.uint8]], index: int) -> Tensor:
    """Return 1 on one class, 0 elsewhere and 255 where the truth is not known."""
    return torch.from_numpy(np.where(truth == VOID, VOID, truth == index).astype(np.uint8))


def _build(context: EvaluationContext) -> PixelMeasure | None:
    return None if context.truth.masks is None else PixelMeasure(context.truth.masks)


MEASURE = MeasureKind(_build, columns={"pxap": "PxAP"}, recipe_figures={"pxap": {}})
