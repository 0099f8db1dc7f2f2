"""Choose the parameters of the dense CRF on a handful of masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product, zip_longest

import torch
from torch import Tensor

from weldon.crf.dense_crf import DenseCRF
from weldon.crf.kernels import SpatialKernels
from weldon.crf.parameters import README_PARAMETERS, CRFParameters
from weldon.errors import UsageError
from weldon.metrics.mean_iou import confusion_matrix, present_miou
from weldon.void import VOID

UNREFINED = CRFParameters(iterations=0)
"""No CRF at all: the mask is the likeliest label of each pixel."""

CRF_GRID: tuple[CRFParameters, ...] = (
    UNREFINED,
    *(
        CRFParameters(bilateral_sigma=far, colour_sigma=colour, bilateral_weight=weight)
        for far, colour, weight in product((30.0, 67.0), (3.0, 5.0, 10.0), (4.0, 8.0))
    ),
    README_PARAMETERS,
)
"""What :func:`tune_crf` tries unless told otherwise: no CRF, twelve gentle ones, pydensecrf's readme."""


@dataclass(frozen=True)
class CRFTrial:
    """One row of :func:`tune_crf`'s table.

    Attributes:
        parameters: what was tried.
        miou: mean intersection over union on all masks together, in [0, 1].
    """

    parameters: CRFParameters
    miou: float


def tune_crf(
    probabilities: Iterable[Tensor],
    images: Iterable[Tensor],
    masks: Iterable[Tensor],
    *,
    grid: Sequence[CRFParameters] = CRF_GRID,
    prune: float | None = None,
    ignore_index: int = VOID,
) -> tuple[CRFParameters, tuple[CRFTrial, ...]]:
    """Return the parameters with the highest mean IoU, and what each of the grid reached.

    The mean is over the labels in the masks, as ``weldon val`` reports it.

    Masks used here say nothing more about quality afterwards: tune on some,
    report on others. The pictures are gone through once, so the three may be generators.

    Args:
        probabilities: of every picture ``(C, H, W)`` float, what the CRF is to refine.
        images: ``(3, H, W)`` uint8.
        masks: ``(H, W)`` int, the true label of each pixel; ``ignore_index`` is left out.
        grid: what to try. Of equals the first wins; put what costs least first.
        prune: as in :func:`~weldon.crf.dense_crf.dense_crf`: faster, with many labels.
        ignore_index: the value in masks that counts nowhere.

    Raises:
        UsageError: an empty grid, no labelled pixel, not as many of each, labels that differ in number.

    Example:
        >>> image = torch.zeros(3, 2, 2, dtype=torch.uint8)
        >>> mask = torch.tensor([[0, 1], [1, 1]])
        >>> right = torch.stack([0.9 - 0.8 * mask, 0.1 + 0.8 * mask])
        >>> best, table = tune_crf([right], [image], [mask], grid=[UNREFINED, CRFParameters()])
        >>> best == UNREFINED, [round(trial.miou, 3) for trial in table]   # one colour: all become 1
        (True, [1.0, 0.375])
    """
    if not grid:
        raise UsageError("grid must hold at least one CRFParameters, got none")
    spatial = SpatialKernels()
    models = [DenseCRF(parameters, prune=prune, spatial=spatial) for parameters in grid]
    totals: Tensor | None = None
    for example in _in_step(probabilities, images, masks):
        counts = torch.stack([_confusion(model, *example, ignore_index=ignore_index) for model in models])
        if totals is not None and counts.shape != totals.shape:
            raise UsageError(f"probabilities must all have {totals.shape[-1]} labels, got {counts.shape[-1]}")
        totals = counts if totals is None else totals + counts
    if totals is None or not totals.any():
        raise UsageError("masks must hold at least one labelled pixel, got none")
    table = tuple(
        CRFTrial(parameters, float(present_miou(confusion)))
        for parameters, confusion in zip(grid, totals, strict=True)
    )
    return max(table, key=lambda trial: trial.miou).parameters, table


def _in_step(*sequences: Iterable[Tensor]) -> Iterator[tuple[Tensor, ...]]:
    for number, example in enumerate(zip_longest(*sequences)):
        if any(part is None for part in example):
            raise UsageError(
                f"probabilities, images and masks must be as many of each, got one that ends after {number}"
            )
        yield example


def _confusion(
    model: DenseCRF, probabilities: Tensor, image: Tensor, mask: Tensor, *, ignore_index: int
) -> Tensor:
    with torch.no_grad():
        prediction = model(probabilities, image).argmax(0)  # (H, W)
    return confusion_matrix(
        prediction, mask.to(prediction.device), len(probabilities), ignore_index=ignore_index
    ).cpu()
