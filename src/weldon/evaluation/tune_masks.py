"""Choose on true masks how maps become masks: the background first, then the parameters of the dense CRF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from weldon.crf.parameters import README_PARAMETERS, CRFParameters
from weldon.crf.tuning import tune_crf
from weldon.data import Geometry, crop_map, load_image
from weldon.data.greys import Window
from weldon.data.true_masks import TrueMasks
from weldon.errors import UsageError
from weldon.evaluation.measures.measure import ImageMaps
from weldon.inference.mask_settings import MaskSettings, Refinement
from weldon.inference.masks import (
    SHARPNESS,
    claims_with_background,
    crf_size,
    foreground_shares,
    map_shares,
    picture_tensor,
)
from weldon.metrics.mean_iou import present_miou
from weldon.void import VOID


def level_counts(
    answer: ImageMaps,
    present: Sequence[int],
    truth: NDArray[np.uint8],
    levels: Tensor,
    *,
    labels: int,
    relative: bool,
) -> Tensor:
    """Count an image's pixels by true label, strongest class and how many levels its claim exceeds.

    Args:
        answer: the network's, about the image.
        present: the classes among which its pixels are divided.
        truth: ``(height, width)``, its true mask.
        levels: ``(L,)`` rising, what the background may claim.
        labels: how many there are, background included.
        relative: as :class:`weldon.inference.mask_settings.MaskSettings` has it.

    Returns:
        ``(labels, labels, L + 1)`` long.
    """
    target = torch.from_numpy(truth.astype(np.int64))
    winner, above = torch.zeros_like(target), torch.zeros_like(target)
    if present:
        shares = foreground_shares(answer.maps[list(present)], answer.geometry, relative=relative)
        strongest, which = shares.max(0)
        winner = torch.tensor(present)[which] + 1
        above = torch.searchsorted(levels, strongest)
    cell = (target * labels + winner) * (len(levels) + 1) + above
    counts = cell[target != VOID].bincount(minlength=labels * labels * (len(levels) + 1))
    return counts.view(labels, labels, -1)


def strongest_cells(class_maps: Tensor, geometry: Geometry, *, relative: bool) -> Tensor:
    """Return the strongest claim in each cell of an image, ``(cells,)``.

    Args:
        class_maps: ``(C, h, w)`` of the classes among which its pixels are divided.
        geometry: how the image lay on the canvas.
        relative: as :class:`weldon.inference.mask_settings.MaskSettings` has it.
    """
    claims = map_shares(class_maps, geometry) if relative else class_maps
    return crop_map(claims, geometry).amax(0).flatten()


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


Present = Callable[[ImageMaps], list[int]]  # which classes an image's mask may show, by number
LEVELS = 99  # backgrounds that are tried on each scale
CELLS = (0.05, 0.95)  # quantiles of the strongest cells: the spread that sharpness is measured in
OUTWARDS = ((0.5, 0.25), (2.0, 4.0))  # factors on the usual sharpness
GRID = (
    CRFParameters(iterations=0),
    CRFParameters(),
    CRFParameters(bilateral_weight=8.0),
    README_PARAMETERS,
    replace(README_PARAMETERS, bilateral_weight=20.0),
)
PRESENT_ONLY = 1e-9  # leaves out of the CRF the labels that have probability 0, and no others


@dataclass(frozen=True)
class Example:
    """One tuning image: its answer, and the classes among which its pixels are divided."""

    answer: ImageMaps
    present: tuple[int, ...]

    @property
    def maps(self) -> Tensor:
        """``(len(present), h, w)``."""
        return self.answer.maps[list(self.present)]


@dataclass(frozen=True)
class RefinementTrial:
    """One refinement, and the mean IoU on all masks of the tuning images together."""

    refinement: Refinement
    miou: float

    def to_json(self) -> dict[str, Any]:
        """Return the values as the JSON output has them."""
        return {**self.refinement.options, "miou": self.miou}


def _miou(trial: RefinementTrial) -> float:
    return trial.miou


class MaskTuner:
    """Keeps the maps of the tuning images, then tries settings on them.

    Args:
        masks: the true masks; an image without one is left out.
        present: the classes among which an image's pixels are divided.
        window: how the pictures are read for the CRF.
    """

    def __init__(self, masks: TrueMasks, present: Present, window: Window | None = None) -> None:
        self.masks, self.present, self.window = masks, present, window
        self.examples: list[Example] = []

    def update(self, answer: ImageMaps) -> None:
        """Keep one image."""
        if answer.record.file_name in self.masks:
            self.examples.append(Example(answer, tuple(self.present(answer))))

    def choose_background(self) -> tuple[MaskSettings, list[dict[str, Any]]]:
        """Return the background with the best mean IoU, and the best on each scale, all without a CRF.

        Raises:
            UsageError: no tuning image has a mask, or none has a class to draw.
        """
        if not any(example.present for example in self.examples):
            raise UsageError("tune_on must name images with masks and classes to draw, got none")
        trials = [self._best_level(relative=relative) for relative in (True, False)]
        best = max(trials, key=lambda trial: trial["miou"])
        level, relative = best["background"], best["relative"]
        refinement = Refinement(background=level, sharpness=self._sharpness(relative))
        return MaskSettings(level, relative, refinement), trials

    def choose_crf(self, settings: MaskSettings) -> tuple[MaskSettings, list[dict[str, Any]]]:
        """Return the settings with the refinement that has the best mean IoU, and all that were tried.

        Parameters first, all at the usual sharpness; then the best of them at others, as long as it gains.
        """
        trials = self._try_crf(settings, 1.0, GRID)
        leader = max(trials, key=_miou).refinement.parameters
        if leader.iterations:  # without a CRF, sharpness changes nothing
            for factors in OUTWARDS:
                for factor in factors:
                    (trial,) = self._try_crf(settings, factor, (leader,))
                    gains = trial.miou > max(trials, key=_miou).miou
                    trials.append(trial)
                    if not gains:
                        break
        best = max(trials, key=_miou).refinement
        return replace(settings, refinement=best), [trial.to_json() for trial in trials]

    def _strongest_cells(self, relative: bool) -> Tensor:
        """Return the strongest claim in every cell of every image, one after another."""
        return torch.cat(
            [
                strongest_cells(example.maps, example.answer.geometry, relative=relative)
                for example in self.examples
                if example.present
            ]
        )

    def _sharpness(self, relative: bool) -> float:
        low, high = self._strongest_cells(relative).quantile(torch.tensor(CELLS)).tolist()
        return SHARPNESS / (high - low) if high > low else SHARPNESS

    def _best_level(self, *, relative: bool) -> dict[str, Any]:
        places = torch.linspace(0, 1, LEVELS + 2)[1:-1]
        quantiles = self._strongest_cells(relative).quantile(places).tolist()
        levels = torch.tensor(sorted(set(quantiles)))
        counts = torch.zeros(
            len(self.masks.labels), len(self.masks.labels), len(levels) + 1, dtype=torch.long
        )
        for example in self.examples:
            counts += level_counts(
                example.answer,
                example.present,
                self._truth(example),
                levels,
                labels=len(counts),
                relative=relative,
            )
        miou = torch.stack([present_miou(confusion) for confusion in level_confusions(counts)])
        best = int(miou.argmax())
        return {"background": float(levels[best]), "relative": relative, "miou": float(miou[best])}

    def _try_crf(
        self, settings: MaskSettings, factor: float, grid: Sequence[CRFParameters]
    ) -> list[RefinementTrial]:
        sharpness = factor * self._sharpness(settings.relative)
        _, table = tune_crf(
            (self._probabilities(example, settings, sharpness) for example in self.examples),
            (picture_tensor(self._picture(example)) for example in self.examples),
            (torch.from_numpy(self._truth(example, small=True)) for example in self.examples),
            grid=grid,
            prune=PRESENT_ONLY,
        )
        return [
            RefinementTrial(Refinement(settings.background, sharpness, trial.parameters), trial.miou)
            for trial in table
        ]

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
        return load_image(example.answer.record.path, self.window).resize((width, height))

    def _truth(self, example: Example, *, small: bool = False) -> NDArray[np.uint8]:
        geometry = example.answer.geometry
        truth = self.masks.read(example.answer.record.file_name, (geometry.width, geometry.height))
        height, width = crf_size(geometry) if small else truth.shape
        return np.array(Image.fromarray(truth).resize((width, height), Image.Resampling.NEAREST))
