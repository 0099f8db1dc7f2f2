"""What every network here ends in: a 1x1 transfer layer and a pooling (right half of the paper's Fig. 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

from torch import Tensor, nn

from weldon.errors import UsageError
from weldon.models.cells import cell_mask


class RegionNet(nn.Module):
    """Scores of classes from the features of regions; what the regions are, subclasses say.

    Args:
        num_features: F, of each region.
        pool: region scores ``(N, C·M, h, w)`` or ``(N, C·M, R)`` and a mask to scores ``(N, C)``.
        num_classes: C.
        config: JSON-able values from which a saved network is rebuilt; empty for one that is put together by
            hand and cannot be saved.

    Attributes:
        transfer: the 1x1 convolution F -> C·M. Its weights start normal with deviation 0.01 and its bias at
            zero: small enough that every class starts near probability ½, and random, since the M maps of a
            class (WILDCAT) get the same gradient and would stay equal if they started equal.
    """

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
            x: images ``(N, 3, H, W)``, normalised with the backbone's mean and std; or bags ``(N, F, R)``.
            mask: bool, True on what is no padding: pixels ``(N, H, W)``, cells ``(N, h, w)`` or instances
                ``(N, R)``.
            return_maps: also return the class maps.

        Returns:
            scores ``(N, C)``, and the class maps ``(N, C, h, w)`` or ``(N, C, R)`` they are pooled from.
        """
        return self.head(self.features(x), mask, return_maps=return_maps)

    def features(self, x: Tensor) -> Tensor:
        """Turn what comes in into the features of regions, ``(N, F, h, w)`` or ``(N, F, R)``."""
        raise NotImplementedError

    def head(
        self, features: Tensor, mask: Tensor | None = None, *, return_maps: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Score feature maps ``(N, F, h, w)``, or bags of regions ``(N, F, R)`` with a mask ``(N, R)``."""
        regions = self.transfer_scores(features)  # (N, C·M, h, w) or (N, C·M, R)
        if mask is not None and features.ndim == 4:
            mask = cell_mask(mask, (features.shape[-2], features.shape[-1]))
        scores: Tensor = self.pool(regions, mask)
        return (scores, self.class_maps(regions)) if return_maps else scores

    def transfer_scores(self, features: Tensor) -> Tensor:
        """Apply the transfer layer to maps or bags; what comes out has M maps a class side by side."""
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
