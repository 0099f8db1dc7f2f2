"""Choose on declared masks how maps become masks: the background first, then what the dense CRF believes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from weldon.data import load_image
from weldon.data.true_masks import IGNORED, TrueMasks
from weldon.errors import UsageError
from weldon.inference.crf_parameters import CRFParameters
from weldon.inference.crf_tuning import tune_crf
from weldon.inference.mask_settings import MaskSettings, Refinement
from weldon.inference.segment import (
    SHARPNESS,
    claims_with_background,
    crf_size,
    foreground_shares,
    picture_tensor,
)
from weldon.metrics import class_iou
from weldon.training.measures.masks import Present
from weldon.training.measures.measure import Answer

SHARES = tuple(number / 50 for number in range(1, 50))  # of a map's range in its image
SCORES = tuple(number / 40 for number in range(-20, 41))  # raw scores, in units of the run's map scale
STEPS = (0.5, 1.0, 2.0)  # factors on the usual sharpness
GRID = (
    CRFParameters(iterations=0),
    CRFParameters(),
    CRFParameters(bilateral_weight=8.0),
    CRFParameters(colour_sigma=5.0),
)
PRESENT_ONLY = 1e-9  # leaves out of the CRF the labels that have probability 0, and no others


@dataclass(frozen=True)
class Example:
    """One declared image: its answer, and the classes among which its pixels are divided."""

    answer: Answer
    present: tuple[int, ...]

    @property
    def maps(self) -> Tensor:
        """``(len(present), h, w)``."""
        return self.answer.maps[list(self.present)]


class MaskTuner:
    """Keeps the maps of the declared images, then tries settings on them.

    Args:
        masks: the true masks; an image without one is left out.
        present: the classes among which an image's pixels are divided.
        map_scale: the run's one scale of map values.
    """

    def __init__(self, masks: TrueMasks, present: Present, *, map_scale: float) -> None:
        self.masks, self.present, self.map_scale = masks, present, map_scale
        self.examples: list[Example] = []

    def update(self, answer: Answer) -> None:
        """Keep one image."""
        if answer.record.file_name in self.masks:
            self.examples.append(Example(answer, tuple(self.present(answer))))

    def choose_background(self) -> tuple[MaskSettings, list[dict[str, Any]]]:
        """Return the background with the best mean IoU, and the best on each scale, all without a CRF.

        Raises:
            UsageError: no declared image has a mask.
        """
        if not self.examples:
            raise UsageError("tune_on must name images with masks, got none")
        trials = [self._best_level(relative=relative) for relative in (True, False)]
        best = max(trials, key=lambda trial: trial["miou"])
        level, relative = best["background"], best["relative"]
        refinement = Refinement(background=level, sharpness=self._sharpness(relative))
        return MaskSettings(level, relative, refinement), trials

    def choose_crf(self, settings: MaskSettings) -> tuple[MaskSettings, list[dict[str, Any]]]:
        """Return the settings with the refinement that has the best mean IoU, and all that were tried."""
        tried = [self._try_crf(settings, factor) for factor in STEPS]
        trials = [trial for _, some in tried for trial in some]
        best, _ = max(tried, key=lambda pair: max(trial["miou"] for trial in pair[1]))
        return replace(settings, refinement=best), trials

    def _sharpness(self, relative: bool) -> float:
        return SHARPNESS if relative else SHARPNESS / self.map_scale

    def _best_level(self, *, relative: bool) -> dict[str, Any]:
        levels = torch.tensor(SHARES if relative else [share * self.map_scale for share in SCORES])
        counts = torch.zeros(
            len(self.masks.labels), len(self.masks.labels), len(levels) + 1, dtype=torch.long
        )
        for example in self.examples:
            counts += level_counts(example, self._truth(example), levels, len(counts), relative=relative)
        miou = torch.stack([present_miou(confusion) for confusion in level_confusions(counts)])
        best = int(miou.argmax())
        return {"background": float(levels[best]), "relative": relative, "miou": float(miou[best])}

    def _try_crf(self, settings: MaskSettings, factor: float) -> tuple[Refinement, list[dict[str, Any]]]:
        sharpness = factor * self._sharpness(settings.relative)
        parameters, table = tune_crf(
            (self._probabilities(example, settings, sharpness) for example in self.examples),
            (picture_tensor(self._picture(example)) for example in self.examples),
            (torch.from_numpy(self._truth(example, small=True)) for example in self.examples),
            grid=GRID,
            prune=PRESENT_ONLY,
        )
        trials = [{"sharpness": sharpness, **asdict(trial.parameters), "miou": trial.miou} for trial in table]
        return Refinement(settings.background, sharpness, parameters), trials

    def _probabilities(self, example: Example, settings: MaskSettings, sharpness: float) -> Tensor:
        """Return label probabilities ``(labels, H, W)`` at the size of the CRF, 0 for classes not present."""
        size = crf_size(example.answer.geometry)
        spread = torch.zeros(len(self.masks.labels), *size)
        spread[0] = 1
        if example.present:
            shares = foreground_shares(
                example.maps, example.answer.geometry, relative=settings.relative, size=size
            )
            claims = claims_with_background(shares, background=settings.background)
            spread[[0, *(column + 1 for column in example.present)]] = (sharpness * claims).softmax(0)
        return spread

    def _picture(self, example: Example) -> Image.Image:
        height, width = crf_size(example.answer.geometry)
        return load_image(example.answer.record.path).resize((width, height))

    def _truth(self, example: Example, *, small: bool = False) -> NDArray[np.uint8]:
        geometry = example.answer.geometry
        truth = self.masks.read(example.answer.record.file_name, (geometry.width, geometry.height))
        height, width = crf_size(geometry) if small else truth.shape
        return np.asarray(Image.fromarray(truth).resize((width, height), Image.Resampling.NEAREST))


def level_counts(
    example: Example, truth: NDArray[np.uint8], levels: Tensor, labels: int, *, relative: bool
) -> Tensor:
    """Count an image's pixels by true label, strongest class and how many levels its claim exceeds.

    Returns:
        ``(labels, labels, L + 1)`` long.
    """
    target = torch.from_numpy(truth.astype(np.int64))
    winner, above = torch.zeros_like(target), torch.zeros_like(target)
    if example.present:
        shares = foreground_shares(example.maps, example.answer.geometry, relative=relative)
        strongest, which = shares.max(0)
        winner = torch.tensor(example.present)[which] + 1
        above = torch.searchsorted(levels, strongest)
    cell = (target * labels + winner) * (len(levels) + 1) + above
    counts = cell[target != IGNORED].bincount(minlength=labels * labels * (len(levels) + 1))
    return counts.view(labels, labels, -1)


def level_confusions(counts: Tensor) -> Tensor:
    """Return the confusion matrix at each level as background, ``(L, labels, labels)``.

    A pixel whose claim does not exceed the level is background.

    Example:
        >>> counts = torch.zeros(2, 2, 2, dtype=torch.long)
        >>> counts[1, 1] = torch.tensor([3, 4])    # of 7 pixels of class 1, 4 exceed the one level
        >>> level_confusions(counts)
        tensor([[[0, 0],
                 [3, 4]]])
    """
    won = counts.flip(2).cumsum(2).flip(2)[:, :, 1:].movedim(2, 0)  # (L, labels, labels): claims above
    lost = counts.sum((1, 2)) - won.sum(2)  # (L, labels)
    confusions = won.clone()
    confusions[:, :, 0] += lost
    return confusions


def present_miou(confusion: Tensor) -> Tensor:
    """Return the mean IoU of the labels in the truth."""
    return class_iou(confusion)[confusion.sum(1) > 0].mean()
