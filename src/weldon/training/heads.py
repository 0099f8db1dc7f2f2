"""Several heads that learn from the same cached maps side by side: one reading and one product for all."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from weldon.device import threads_for
from weldon.losses import Batch, Objective
from weldon.models import RegionNet
from weldon.models.region_net import average_scores, transferred
from weldon.pooling import Count
from weldon.pooling.max_average import AveragePool
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.module import rate_factor

MOMENTUM, WARMUP = 0.9, 0.05
SCORED = 128  # images a pass where nothing is learnt


@dataclass(frozen=True)
class Setting:
    """How a head learns, and what it pools.

    Args:
        lr: learning rate of transfer layer and pooling.
        weight_decay: λ of Eq. 7.
        k_max: regions for the class; None: as the network has it.
        k_min: regions against it, likewise.
        loss: its name; None: as the run has it.
    """

    lr: float
    weight_decay: float
    k_max: Count | None = None
    k_min: Count | None = None
    loss: str | None = None

    def pool_for(self, net: RegionNet) -> nn.Module:
        """Return a copy of the network's pooling with these counts."""
        pool = copy.deepcopy(net.pool)
        for name in ("k_max", "k_min"):
            if getattr(self, name) is not None:
                setattr(pool, name, getattr(self, name))
        return pool


class Heads(nn.Module):
    """As many heads as there are settings, all starting where ``net`` stands; ``net`` is not changed.

    Args:
        net: its transfer layer and pooling are copied.
        settings: T of them.
    """

    def __init__(self, net: RegionNet, settings: Sequence[Setting]) -> None:
        super().__init__()
        self.settings = tuple(settings)
        self.transfers = nn.ModuleList(copy.deepcopy(net.transfer) for _ in settings)
        self.pools = nn.ModuleList(setting.pool_for(net) for setting in settings)

    def forward(self, features: Tensor, mask: Tensor) -> list[Tensor]:
        """Turn features ``(N, F, h, w)`` and a mask ``(N, h, w)`` into the scores ``(N, C)`` of each head."""
        weight = torch.cat([transfer.weight for transfer in self.transfers])  # type: ignore[misc]
        bias = torch.cat([transfer.bias for transfer in self.transfers])  # type: ignore[misc]
        if all(isinstance(pool, AveragePool) for pool in self.pools):
            scores = average_scores(features, mask, weight, bias)  # (N, T·C)
            return list(scores.chunk(len(self.pools), 1))
        maps = transferred(features, weight, bias)  # (N, T·C·M, h, w)
        if self.pools_alike:
            return list(self.pools[0](maps, mask).chunk(len(self.pools), 1))
        return [
            pool(part, mask) for pool, part in zip(self.pools, maps.chunk(len(self.pools), 1), strict=True)
        ]

    @property
    def pools_alike(self) -> bool:
        """Whether one pooling can pool the maps of all heads: it learns nothing and all have its options."""
        options = {
            (repr(pool), setting.k_max, setting.k_min)
            for pool, setting in zip(self.pools, self.settings, strict=True)
        }
        return len(options) == 1 and not self.pools[0].state_dict()

    def parameter_groups(self) -> list[dict[str, object]]:
        """Return a group for each head, with its own rate and decay."""
        return [
            {
                "params": [*transfer.parameters(), *pool.parameters()],
                "lr": setting.lr,
                "weight_decay": setting.weight_decay,
            }
            for transfer, pool, setting in zip(self.transfers, self.pools, self.settings, strict=True)
        ]


def fit_heads(
    heads: Heads,
    dataset: FeatureDataset,
    images: Sequence[int],
    objectives: Sequence[Objective],
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    after_epoch: Callable[[], object] = lambda: None,
) -> None:
    """Fit every head to its own loss by SGD with momentum.

    Args:
        heads: changed in place; they learn on the device where they are.
        dataset: cached maps.
        images: positions in ``dataset`` to learn from.
        objectives: the loss of each head. Heads with the very same object are judged in one call, with their
            classes side by side: it must be the mean over classes, or cells, that are all treated alike.
        epochs: passes over the images; the rate rises for a twentieth of the steps and falls along a cosine.
        batch_size: images a step.
        seed: of the order of the images.
        after_epoch: called after each.
    """
    heads.train()
    optimizer = torch.optim.SGD(heads.parameter_groups(), lr=1.0, momentum=MOMENTUM)
    steps = epochs * -(-len(images) // batch_size)
    factor = partial(rate_factor, total=steps, warmup=WARMUP, schedule="cosine")
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        order = torch.randperm(len(images), generator=generator).tolist()
        for batch in _batches(heads, dataset, [images[position] for position in order], batch_size):
            with threads_for(batch["features"].numel()):
                scores = heads(batch["features"], batch["mask"])
                optimizer.zero_grad()
                _total(objectives, scores, batch).backward()  # type: ignore[no-untyped-call]  # heads share no parameter: each gets its own gradient
                optimizer.step()
                schedule.step()
        after_epoch()


def _total(objectives: Sequence[Objective], scores: Sequence[Tensor], batch: Batch) -> Tensor:
    """Return the sum of the losses of all heads."""
    sharing: dict[int, list[int]] = {}
    for place, objective in enumerate(objectives):
        sharing.setdefault(id(objective), []).append(place)
    losses = []
    for places in sharing.values():
        joined = torch.cat([scores[place] for place in places], 1)
        repeated = {name: batch[name].repeat(1, len(places)) for name in ("target", "known")}
        losses.append(len(places) * objectives[places[0]](joined, {**batch, **repeated}))
    return torch.stack(losses).sum()


@torch.no_grad()
def score_heads(heads: Heads, dataset: FeatureDataset, images: Sequence[int]) -> list[Tensor]:
    """Return the scores ``(N, C)`` that each head gives to N images, in evaluation mode."""
    heads.eval()
    size = min(SCORED, dataset.cached.at_once)
    parts = [heads(batch["features"], batch["mask"]) for batch in _batches(heads, dataset, images, size)]
    return [torch.cat(part).float().cpu() for part in zip(*parts, strict=True)]


def _batches(heads: Heads, dataset: FeatureDataset, images: Sequence[int], size: int) -> Iterator[Batch]:
    device = next(heads.parameters()).device
    for start in range(0, len(images), size):
        batch = dataset.__getitems__(list(images[start : start + size]))
        yield {name: value.to(device) for name, value in batch.items()}
