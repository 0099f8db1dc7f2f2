"""The network of the paper's Fig. 2: backbone, 1x1 transfer layer, pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from weldon.data.transforms import normalised
from weldon.models.backbone import Backbone, build_backbone
from weldon.models.region_net import RegionNet
from weldon.pooling import POOLINGS, Count, build_pooling


class WeldonNet(RegionNet):
    """Scores of classes and the signed maps they are pooled from, in one pass; :func:`create_model` makes it.

    Args:
        backbone: images to feature maps ``(N, F, h, w)``.
        pool: maps ``(N, C·M, h, w)`` and a mask to scores ``(N, C)``.
        num_classes: C.
        config: JSON-able values from which :func:`weldon.models.load_model` rebuilds the network; empty for
            one that is put together by hand and cannot be saved.
    """

    def __init__(
        self,
        backbone: Backbone,
        pool: nn.Module,
        num_classes: int,
        *,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(backbone.num_features, pool, num_classes, config=config)
        self.backbone = backbone

    def prepared(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return images ``(N, 3, H, W)`` normalised as the backbone takes them.

        Args:
            x: uint8, or float that is normalised already.
            mask: ``(N, H, W)`` bool, True on real pixels, of uint8: padding becomes the mean colour.
        """
        if x.dtype != torch.uint8:
            return x
        return normalised(x, self.backbone.mean, self.backbone.std, mask).to(self.transfer.weight.dtype)

    def features(self, x: Tensor) -> Tensor:
        """Turn images ``(N, 3, H, W)`` into feature maps ``(N, F, h, w)``."""
        features: Tensor = self.backbone(x)
        return features

    def freeze_backbone(self) -> None:
        """Train the transfer layer only: see :meth:`weldon.models.Backbone.freeze`."""
        self.backbone.freeze()

    def fixed_names(self) -> frozenset[str]:
        """Return the names of a frozen backbone's weights and statistics."""
        state = self.backbone.state_dict() if self.backbone.frozen else {}
        return frozenset(f"backbone.{name}" for name in state)

    def parameter_groups(
        self, lr: float, lrp: float = 0.1, weight_decay: float = 0.0
    ) -> list[dict[str, Any]]:
        """Split the trainable parameters for an optimiser: pre-trained body slowly, new layers fast.

        Args:
            lr: learning rate of transfer layer and pooling.
            lrp: the body's rate is ``lr * lrp``.
            weight_decay: λ of Eq. 7, on every parameter, biases and normalisation included, as in the paper.

        Returns:
            groups named "body" (absent when frozen) and "head".
        """
        body = [p for p in self.backbone.parameters() if p.requires_grad]
        known = {id(p) for p in self.backbone.parameters()}
        head = [p for p in self.parameters() if id(p) not in known and p.requires_grad]
        groups = [("body", body, lr * lrp), ("head", head, lr)]
        return [
            {"name": name, "params": parameters, "lr": rate, "weight_decay": weight_decay}
            for name, parameters, rate in groups
            if parameters
        ]


def create_model(
    name: str | None,
    num_classes: int,
    *,
    pool: str | nn.Module = "weldon",
    k_max: Count | None = None,
    k_min: Count | None = None,
    weights: str | Path | None = "default",
    model_kwargs: Mapping[str, Any] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    **others: Any,
) -> WeldonNet:
    """Build a network that scores classes and shows the regions for and against each.

    Args:
        name: any timm name; None or "auto" takes the one described beside the weights.
        num_classes: C.
        pool: a name of :data:`weldon.pooling.POOLINGS`, or a module ``(scores, mask) -> (N, C)``.
        k_max: regions of evidence for: a count or a share; if not given, the pooling's own
            ``default_share`` (a fifth, for weldon and wildcat).
        k_min: regions of evidence against; as many as ``k_max`` if not given.
        weights: of the backbone: "default", "none" or None (random), or a file, as in :func:`build_backbone`.
        model_kwargs: given to timm.
        mean: of the images the backbone was trained on.
        std: likewise.
        others: further options of the pooling, for example ``maps_per_class=4``.

    Raises:
        UsageError: a name, number or option that cannot be used.
        WeightsError: weights that cannot be had or do not fit.

    Example:
        >>> net = create_model("test_resnet", 3, weights="none", k_max=2)
        >>> net.transfer, net.pool
        (Conv2d(96, 3, kernel_size=(1, 1), stride=(1, 1)), WeldonPool(k_max=2, k_min=2))
    """
    options = pool_options(pool, k_max, k_min, others)
    pooling = build_pooling(pool, **options)
    backbone = build_backbone(name, weights=weights, model_kwargs=model_kwargs, mean=mean, std=std)
    config = {
        "name": backbone.name,
        "num_classes": num_classes,
        "pool": pool,
        "pool_options": options,
        "model_kwargs": backbone.model_kwargs,
        "mean": list(backbone.mean),
        "std": list(backbone.std),
        "interpolation": backbone.interpolation,
    }
    return WeldonNet(backbone, pooling, num_classes, config=config if isinstance(pool, str) else None)


def pool_options(
    pool: str | nn.Module, k_max: Count | None, k_min: Count | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Add the counts to the options, with their defaults where the pooling has counts."""
    share = None if isinstance(pool, nn.Module) else getattr(POOLINGS.get(pool), "default_share", None)
    if share is not None:
        k_max = share if k_max is None else k_max
        k_min = k_max if k_min is None else k_min
    counts = {"k_max": k_max, "k_min": k_min}
    return {**{name: k for name, k in counts.items() if k is not None}, **options}
