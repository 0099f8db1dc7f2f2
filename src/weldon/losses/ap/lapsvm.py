r"""LAPSVM: average precision with latent regions by a two-step rule (Behl et al., CVPR 2014; Table 8).

With one region ``h`` for every pair, the ranking feature map of Eq. 12 lets the maximisation choose regions
and ranking together. For max pooling that goes wrong: an image ranked low enters with a minus sign, so its
best region would be its *worst*, and no algorithm finds the loss-augmented maximum. (The max + min score has
no such trouble: the two signs trade the two regions, and ranking and regions decouple; that is Proposition
1.) LAPSVM decides by rule: first each image takes its highest region, then the images are ranked by those
scores.

Learning compares the right and the violating ranking under *the same* regions,

.. math:: \max_{y, h_N} \min_{h_P} \left[ \Delta_{ap}(y^*, y) + s(y, h) - s(y^*, h) \right],

and since :math:`s(y, h) - s(y^*, h) = \frac{1}{PN} \sum (y_{pn} - 1)(s_p(h_p) - s_n(h_n))` falls with every
positive's score and rises with every negative's, each image takes its highest region, whatever the ranking.
So the value is that of :func:`~weldon.losses.ap_loss` on max-pooled scores, and the gradient reaches the
highest region alone. It is not convex in the region scores of the positives; LAPSVM's own optimiser (CCCP)
holds these regions while it solves for the rest, a convex upper bound that touches the loss where the regions
were taken. ``regions`` does that.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from weldon.errors import UsageError
from weldon.losses.ap.inference import Method
from weldon.losses.ap.loss import APLoss, ap_loss
from weldon.losses.reduction import Reduction


def lapsvm_loss(
    region_scores: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    region_mask: Tensor | None = None,
    regions: Tensor | None = None,
    normalize: bool = True,
    scale: float = 1.0,
    reduction: Reduction = "mean",
    method: Method = "auto",
) -> Tensor:
    """Fix each image's region, then rank the images by the scores of their regions.

    Paper: Table 8, "max + AP loss (LAPSVM)".

    Args:
        region_scores: ``(N, C, H, W)`` or ``(N, C, R)`` float, class evidence per region, any real.
        target: ``(N, C)``, 1 where the class is present and 0 where it is absent.
        mask: ``(N, C)`` bool, True on known cells; None means all are known.
        region_mask: ``(N, H, W)`` or ``(N, R)`` bool, True on real regions; None means all are real.
        regions: ``(N, C)`` int64, regions of the positives, from :func:`best_regions` of an earlier network;
            the negatives choose anew. None takes the highest region of every image now.
        normalize: as in :func:`~weldon.losses.ap_loss`, like the rest.
        scale: factor on the ranking score.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``, over classes.
        method: how to find the ranking.

    Raises:
        UsageError: shapes, dtypes or values that do not fit.

    Example:
        >>> maps = torch.tensor([[[0.0, -1.0]], [[-3.0, 0.25]]])  # two images, one class, two regions
        >>> lapsvm_loss(maps, torch.tensor([[1], [0]]))  # highest regions: 0 and 0.25
        tensor(1.)
    """
    pooled = two_step_scores(region_scores, target, region_mask=region_mask, regions=regions)
    return ap_loss(pooled, target, mask, normalize=normalize, scale=scale, reduction=reduction, method=method)


def two_step_scores(
    region_scores: Tensor, target: Tensor, *, region_mask: Tensor | None = None, regions: Tensor | None = None
) -> Tensor:
    """Score of the region each image is given in the first step, ``(N, C)``; see :func:`lapsvm_loss`."""
    chosen = best_regions(region_scores, region_mask)  # (N, C)
    flat = region_scores.flatten(2)  # (N, C, R)
    if regions is not None:
        if regions.shape != chosen.shape or regions.dtype != torch.long:
            raise UsageError(
                f"`regions` must be (N, C) = {tuple(chosen.shape)} int64, "
                f"got {regions.dtype} {tuple(regions.shape)}"
            )
        chosen = torch.where(target == 1, regions, chosen)
    return flat.gather(2, chosen.unsqueeze(2)).squeeze(2)


@torch.no_grad()
def best_regions(region_scores: Tensor, region_mask: Tensor | None = None) -> Tensor:
    """Index of the highest real region of each image and class, ``(N, C)`` int64; of equals, the first.

    Raises:
        UsageError: shapes that do not fit, or an image without a real region.

    Example:
        >>> best_regions(torch.tensor([[[0.0, 2.0, 5.0]]]), torch.tensor([[True, True, False]]))
        tensor([[1]])
    """
    if region_scores.ndim not in (3, 4) or not region_scores.is_floating_point():
        raise UsageError(
            "`region_scores` must be (N, C, H, W) or (N, C, R) floating point, "
            f"got {region_scores.dtype} {tuple(region_scores.shape)}"
        )
    flat = region_scores.flatten(2)  # (N, C, R)
    if region_mask is None:
        return flat.argmax(2)
    if (
        region_mask.shape != region_scores.shape[:1] + region_scores.shape[2:]
        or region_mask.dtype != torch.bool
    ):
        raise UsageError(
            f"`region_mask` must be bool of the regions' shape without C, got {region_mask.dtype} "
            f"{tuple(region_mask.shape)} for {tuple(region_scores.shape)}"
        )
    real = region_mask.flatten(1)  # (N, R)
    if not real.any(1).all():
        raise UsageError("`region_mask` must leave every image a real region, got an image with none")
    return flat.masked_fill(~real.unsqueeze(1), float("-inf")).argmax(2)


class LAPSVMLoss(nn.Module):
    """Module of :func:`lapsvm_loss`; options as in :class:`~weldon.losses.APLoss`, memory included.

    On max-pooled scores :class:`~weldon.losses.APLoss` is the same loss; this one takes the regions.
    """

    def __init__(
        self,
        *,
        normalize: bool = True,
        scale: float = 1.0,
        reduction: Reduction = "mean",
        method: Method = "auto",
        memory: int = 0,
        across_processes: bool = True,
    ) -> None:
        super().__init__()
        self.ranking = APLoss(
            normalize=normalize,
            scale=scale,
            reduction=reduction,
            method=method,
            memory=memory,
            across_processes=across_processes,
        )

    def forward(
        self,
        region_scores: Tensor,
        target: Tensor,
        mask: Tensor | None = None,
        *,
        region_mask: Tensor | None = None,
        regions: Tensor | None = None,
    ) -> Tensor:
        """Apply :func:`lapsvm_loss`."""
        pooled = two_step_scores(region_scores, target, region_mask=region_mask, regions=regions)
        loss: Tensor = self.ranking(pooled, target, mask)
        return loss
