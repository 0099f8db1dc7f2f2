"""What every network here ends in: a 1x1 transfer layer and a pooling (right half of the paper's Fig. 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, overload

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from weldon.errors import UsageError
from weldon.pooling.max_average import AveragePool, mean_of_regions
from weldon.pooling.regions import flatten_regions

_ROUNDING = 1e-3  # of a pixel: edges of cells that are no whole pixels are rounded in float32
CACHED = 1 << 19  # features that a core's cache still holds, in float32, when the product reads them
SHARED = 1 << 22  # the same of the cache that cores share: threads wait for each other once a piece


def cell_mask(mask: Tensor, grid: tuple[int, int]) -> Tensor:
    """Tell the real cells of an ``h x w`` map from the real pixels of its canvas.

    A cell is real when at least half of its pixels are. A picture too thin for that keeps its most covered
    cells, so that whatever has a real pixel has a real cell.

    Args:
        mask: ``(N, H, W)`` bool, True on real pixels; already ``(N, h, w)``, it is returned as it is.
        grid: ``(h, w)`` of the map, which covers the canvas evenly.

    Returns:
        ``(N, h, w)`` bool.

    Raises:
        UsageError: a mask of another shape or dtype.

    Example:
        >>> picture = torch.zeros(1, 4, 4, dtype=torch.bool)
        >>> picture[:, :3, :] = True
        >>> cell_mask(picture, (2, 2))   # the lower cells are half picture, and that is enough
        tensor([[[True, True],
                 [True, True]]])
        >>> picture[:, 2, 0] = False
        >>> cell_mask(picture, (2, 2))
        tensor([[[ True,  True],
                 [False,  True]]])
    """
    if mask.ndim != 3 or mask.dtype != torch.bool:
        raise UsageError(f"`mask` must be (N, H, W) bool, got {tuple(mask.shape)} {mask.dtype}")
    rows, columns = grid
    height, width = mask.shape[1:]
    if (height, width) == (rows, columns):
        return mask
    covered = _sum_cells(_sum_cells(mask.float(), columns).mT, rows).mT  # (N, H, W) -> (N, h, w)
    half = height / rows * width / columns / 2
    real = covered >= half - _ROUNDING
    most = covered.amax(dim=(1, 2), keepdim=True)  # (N, 1, 1)
    fallback = (most < half - _ROUNDING) & (most > 0) & (covered == most)
    return real | fallback


def _sum_cells(pixels: Tensor, cells: int) -> Tensor:
    """Sum the last dimension over that many equal cells, a pixel on an edge counting by its share."""
    total = F.pad(pixels.cumsum(dim=-1), (1, 0))  # (..., S + 1): sum left of each pixel edge
    edges = torch.arange(cells + 1, dtype=torch.float64) * pixels.shape[-1] / cells
    left = edges.floor().long().clamp(max=pixels.shape[-1] - 1)
    share = (edges - left).to(pixels)
    left = left.to(pixels.device)
    at_edges = torch.lerp(total[..., left], total[..., left + 1], share)  # (..., cells + 1)
    return at_edges.diff(dim=-1)


def average_scores(features: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return the mean over regions of a 1x1 transfer layer's scores: that of the mean features, once a class.

    Args:
        features: ``(N, F, h, w)`` or ``(N, F, R)``.
        mask: ``(N, h, w)`` or ``(N, R)`` bool, True on real regions; None: all are.
        weight: ``(C, F, 1, 1)``.
        bias: ``(C,)`` or None.

    Returns:
        ``(N, C)``.

    Raises:
        UsageError: as every pooling, for shapes that do not fit or an image without a real region.

    Example:
        >>> features = torch.tensor([[[1.0, 3.0, 9.0]]])  # one feature of three regions
        >>> mask = torch.tensor([[True, True, False]])
        >>> average_scores(features, mask, torch.tensor([[[[2.0]]], [[[-1.0]]]]), None)
        tensor([[ 4., -2.]])
    """
    regions, real = flatten_regions(features, mask)
    kept = _kept_in_halves(features, weight)
    mean = _mean_features(regions, real).to(weight.dtype if kept else features.dtype)
    return F.linear(mean, weight.flatten(1), bias)


def _mean_features(regions: Tensor, real: Tensor | None) -> Tensor:
    """Mean over the real regions of ``(N, F, R)``, ``(N, F)``.

    On a processor by a product: a sum over regions, whose features lie side by side, takes ten times as long.
    """
    plain = regions.device.type == "cpu" and not torch.compiler.is_compiling()
    if plain and regions.dtype in (torch.float32, torch.float16):
        images, _, count = regions.shape
        ones = torch.ones(images, count) if real is None else real.float()
        shares = (ones / ones.sum(1, keepdim=True)).unsqueeze(1)  # (N, 1, R)
        pieces = _pieces(regions) if regions.dtype == torch.float16 else [slice(None)]
        mean = torch.cat([(shares[piece] @ regions[piece].mT.float()).squeeze(1) for piece in pieces])
        if mean.isfinite().all():
            return mean
    return mean_of_regions(regions, real)  # what stands on padding may be infinite, and does not count


def _kept_in_halves(features: Tensor, weight: Tensor) -> bool:
    """Whether features are stored in half precision, and are to be widened before they are multiplied."""
    return features.dtype == torch.float16 and weight.dtype != torch.float16


def _pieces(regions: Tensor) -> list[slice]:
    """Return runs of images ``(N, F, R)`` to be widened one after the other, small enough for the cache."""
    most = CACHED if torch.get_num_threads() == 1 else SHARED
    step = max(1, most // (regions.shape[1] * regions.shape[2]))
    return [slice(start, start + step) for start in range(0, max(1, len(regions)), step)]


class _HalvesTransferred(torch.autograd.Function):
    """A transfer layer on features ``(N, F, R)`` in half precision, of which no whole float32 copy is made.

    Maps of a frozen backbone are read from memory twice a step and in halves: that, and not the arithmetic,
    is what an epoch takes. They need no gradient.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(features, weight)
        scores = weight.new_empty(len(features), len(weight), features.shape[2])  # (N, M, R)
        for piece in _pieces(features):
            torch.matmul(weight, features[piece].float(), out=scores[piece])
        return scores.add_(bias[:, None])

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[None, Tensor, Tensor]:
        features, weight = ctx.saved_tensors
        total = torch.zeros_like(weight)
        for piece in _pieces(features):  # image by image: two threads share the images of a piece
            total += torch.bmm(slope[piece], features[piece].mT.float()).sum(0)
        return None, total, slope.sum((0, 2))


def transferred(features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Apply a 1x1 transfer layer to maps ``(N, F, h, w)`` or bags ``(N, F, R)``.

    Args:
        features: in the weights' precision, or in half of it as maps are cached; those need no gradient.
        weight: ``(M, F, 1, 1)``.
        bias: ``(M,)`` or None.

    Returns:
        ``(N, M, h, w)`` or ``(N, M, R)``, in the weights' precision.

    Example:
        >>> features = torch.tensor([[[1.0, 2.0, 3.0]]])  # one feature of three regions
        >>> transferred(features, torch.tensor([[[[2.0]]], [[[-1.0]]]]), torch.zeros(2))
        tensor([[[ 2.,  4.,  6.],
                 [-1., -2., -3.]]])
    """
    if _kept_in_halves(features, weight):
        if _by_pieces(features, weight) and bias is not None:
            scores: Tensor = _HalvesTransferred.apply(features.flatten(2), weight.flatten(1), bias)
            return scores.reshape(*scores.shape[:2], *features.shape[2:])
        features = features.to(weight.dtype)
    if features.ndim == 3:
        return F.conv2d(features.unsqueeze(-1), weight, bias).squeeze(-1)
    return F.conv2d(features, weight, bias)


def _by_pieces(features: Tensor, weight: Tensor) -> bool:
    plain = not (torch.compiler.is_compiling() or torch.is_autocast_enabled("cpu"))
    return plain and features.device.type == "cpu" and weight.dtype == torch.float32


class RegionNet(nn.Module):
    """Scores of classes from the features of regions; what the regions are, subclasses say.

    Args:
        num_features: F, of each region.
        pool: region scores ``(N, C·M, h, w)`` or ``(N, C·M, R)`` and a mask to scores ``(N, C)``.
        num_classes: C.
        config: JSON-able values from which a saved network is rebuilt; empty for one that is put together by
            hand and cannot be saved.

    Attributes:
        takes: what it scores, as batches name it: ``image`` or ``bag``.
        transfer: the 1x1 convolution F -> C·M. Its weights start normal with deviation 0.01 and its bias at
            zero: small enough that every class starts near probability ½, and random, since the M maps of a
            class (WILDCAT) get the same gradient and would stay equal if they started equal.
    """

    takes: ClassVar[str] = "image"

    def __init__(
        self, num_features: int, pool: nn.Module, num_classes: int, *, config: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        if isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 1:
            raise UsageError(f"`num_classes` must be a whole number, at least 1, got {num_classes!r}")
        self.pool = pool
        self.num_classes = num_classes
        self.config: dict[str, Any] = dict(config or {})
        maps = num_classes * int(getattr(pool, "maps_per_class", 1))
        self.transfer = nn.Conv2d(num_features, maps, kernel_size=1)
        nn.init.normal_(self.transfer.weight, std=0.01)
        nn.init.zeros_(self.transfer.bias)  # type: ignore[arg-type]

    @overload
    def forward(
        self, x: Tensor, mask: Tensor | None = None, *, return_maps: Literal[False] = False
    ) -> Tensor: ...
    @overload
    def forward(
        self, x: Tensor, mask: Tensor | None = None, *, return_maps: bool
    ) -> Tensor | tuple[Tensor, Tensor]: ...
    def forward(
        self, x: Tensor, mask: Tensor | None = None, *, return_maps: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Score images, or bags.

        Args:
            x: images ``(N, 3, H, W)``, normalised with the backbone's mean and std or uint8; or bags
                ``(N, F, R)``.
            mask: bool, True on what is no padding: pixels ``(N, H, W)``, cells ``(N, h, w)`` or instances
                ``(N, R)``.
            return_maps: also return the class maps.

        Returns:
            scores ``(N, C)``, and the class maps ``(N, C, h, w)`` or ``(N, C, R)`` they are pooled from.
        """
        return self.head(self.features(self.prepared(x, mask)), mask, return_maps=return_maps)

    def prepared(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what :meth:`features` takes from what batches hold: here the same."""
        return x

    def features(self, x: Tensor) -> Tensor:
        """Turn what comes in into the features of regions, ``(N, F, h, w)`` or ``(N, F, R)``."""
        raise NotImplementedError

    def head(
        self, features: Tensor, mask: Tensor | None = None, *, return_maps: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Score feature maps ``(N, F, h, w)``, or bags of regions ``(N, F, R)`` with a mask ``(N, R)``."""
        if not return_maps and isinstance(self.pool, AveragePool):
            if mask is not None and features.ndim == 4:
                mask = cell_mask(mask, (features.shape[-2], features.shape[-1]))
            return average_scores(features, mask, self.transfer.weight, self.transfer.bias)
        return self.pooled(self.transfer_scores(features), mask, return_maps=return_maps)

    def pooled(
        self, regions: Tensor, mask: Tensor | None = None, *, return_maps: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Score what the transfer layer gives, ``(N, C·M, h, w)`` or ``(N, C·M, R)``."""
        if mask is not None and regions.ndim == 4:
            mask = cell_mask(mask, (regions.shape[-2], regions.shape[-1]))
        scores: Tensor = self.pool(regions, mask)
        return (scores, self.class_maps(regions)) if return_maps else scores

    def fixed_names(self) -> frozenset[str]:
        """Return the names, in the network's state, of what training does not change."""
        return frozenset()

    def transfer_scores(self, features: Tensor) -> Tensor:
        """Apply the transfer layer to maps or bags; what comes out has M maps a class side by side."""
        if _kept_in_halves(features, self.transfer.weight):
            return transferred(features, self.transfer.weight, self.transfer.bias)
        if features.ndim == 3:  # (N, F, R) -> (N, C·M, R)
            bags: Tensor = self.transfer(features.unsqueeze(-1)).squeeze(-1)
            return bags
        maps: Tensor = self.transfer(features)
        return maps

    def class_maps(self, regions: Tensor) -> Tensor:
        """Return the one map a class whose regions are pooled (the mean of its M maps)."""
        average = getattr(self.pool, "class_maps", None)
        return regions if average is None else average(regions)

    def parameter_groups(
        self, lr: float, lrp: float = 0.1, weight_decay: float = 0.0
    ) -> list[dict[str, Any]]:
        """Return the trainable parameters as one group, "head", for an optimiser.

        Args:
            lr: learning rate of transfer layer and pooling.
            lrp: factor on the rate of a pre-trained body, which this network may lack.
            weight_decay: λ of Eq. 7, on every parameter, biases included, as in the paper.
        """
        head = [*self.transfer.parameters(), *self.pool.parameters()]
        return [{"name": "head", "params": head, "lr": lr, "weight_decay": weight_decay}]
