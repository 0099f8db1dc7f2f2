"""Every level of the background at once: one pass over declared masks counts what each would draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weldon.data import Geometry, crop_map
from weldon.data.true_masks import IGNORED
from weldon.inference.segment import foreground_shares, map_shares
from weldon.training.measures import Answer


def level_counts(
    answer: Answer,
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
    counts = cell[target != IGNORED].bincount(minlength=labels * labels * (len(levels) + 1))
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
