"""The network of bags: instances standardised, transfer layer, pooling; no image and no backbone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from weldon.errors import UsageError
from weldon.models.network import pool_options
from weldon.models.region_net import RegionNet
from weldon.pooling import Count, build_pooling

CONSTANT = torch.finfo(torch.float32).max  # the deviation of a feature that training knew one value of
KIND = "bags"  # how a saved file says that it holds such a network


class BagNet(RegionNet):
    """Scores of classes from bags ``(N, F, R)``, linear in each instance; :func:`create_bag_model` makes it.

    Args:
        num_features: F, of each instance.
        pool: instance scores ``(N, C·M, R)`` and a mask to scores ``(N, C)``.
        num_classes: C.
        config: as in :class:`RegionNet`.

    Attributes:
        mean: ``(F,)`` subtracted from every instance; zero until :meth:`standardise`.
        std: ``(F,)`` every instance is divided by; one until then.
        feature_names: F names of the features in training, in order; None: they had none.
    """

    takes: ClassVar[str] = "bag"
    mean: Tensor
    std: Tensor

    def __init__(
        self, num_features: int, pool: nn.Module, num_classes: int, *, config: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(num_features, pool, num_classes, config=config)
        self.num_features = num_features
        self.feature_names = _feature_names(self.config.get("feature_names"), num_features)
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("std", torch.ones(num_features))

    def standardise(self, mean: Tensor, std: Tensor) -> None:
        """Take over mean and deviation ``(F,)`` of training instances.

        A feature that is constant there is divided by the largest float: nothing was learnt about it, so
        whatever value it has later counts as its mean.
        """
        self.mean.copy_(mean)
        self.std.copy_(torch.where(std > 1e-6 * mean.abs(), std, torch.full_like(std, CONSTANT)))

    @property
    def constant(self) -> tuple[int, ...]:
        """Numbers of the features that were constant in training and are passed over."""
        return tuple(torch.nonzero(self.std >= CONSTANT).flatten().tolist())

    def features(self, x: Tensor) -> Tensor:
        """Standardise bags ``(N, F, R)``.

        Raises:
            UsageError: another number of features.
        """
        if x.ndim != 3 or x.shape[1] != self.num_features:
            raise UsageError(f"bags must be (N, {self.num_features}, R), got {tuple(x.shape)}")
        return (x - self.mean[:, None]) / self.std[:, None]


def _feature_names(given: Any, num_features: int) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise UsageError(f"`feature_names` must be a list of names, got {given!r}")
    if len(given) != num_features or len(set(given)) != num_features:
        raise UsageError(f"`feature_names` must be {num_features} different names, got {len(given)}")
    return tuple(given)


def create_bag_model(
    num_features: int,
    num_classes: int,
    *,
    pool: str = "weldon",
    k_max: Count | None = None,
    k_min: Count | None = None,
    feature_names: Sequence[str] | None = None,
    **options: Any,
) -> BagNet:
    """Build a network that scores bags and shows the instances for and against each class.

    Args:
        num_features: F, of each instance.
        num_classes: C.
        pool: a name of :data:`weldon.pooling.POOLINGS`.
        k_max: instances of evidence for: a count or a share, as in :func:`weldon.models.create_model`.
        k_min: instances of evidence against; as many as ``k_max`` if not given.
        feature_names: F names that the saved file keeps, so that other tables are matched by name.
        options: further options of the pooling.

    Raises:
        UsageError: a name, number or option that cannot be used.

    Example:
        >>> net = create_bag_model(4, 2, k_max=1)
        >>> net(torch.zeros(3, 4, 7)).shape      # three bags of seven instances
        torch.Size([3, 2])
    """
    given = pool_options(pool, k_max, k_min, options)
    config: dict[str, Any] = {
        "kind": KIND,
        "num_features": num_features,
        "num_classes": num_classes,
        "pool": pool,
        "pool_options": given,
    }
    if feature_names is not None:
        config["feature_names"] = [str(name) for name in feature_names]
    return BagNet(num_features, build_pooling(pool, **given), num_classes, config=config)
