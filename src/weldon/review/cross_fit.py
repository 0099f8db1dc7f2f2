"""Score every image with a head that did not learn from it: k folds of the head on cached feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from weldon.data import Record
from weldon.data.split import draw_folds
from weldon.errors import UsageError
from weldon.losses import Batch, Objective
from weldon.models import RegionNet
from weldon.pooling import build_pooling
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.heads import Heads, Setting, fit_heads

FOLDS = 5
SCORED = 128  # images a pass


@dataclass(frozen=True)
class CrossFit:
    """The scores of N images, each by a head that did not learn from it.

    Args:
        scores: ``(N, C)`` float.
        fold: ``(N,)`` whole numbers: which head scored an image; this head learnt from all other folds.
        heads: k networks of a transfer layer and a pooling, in the order of the folds.
    """

    scores: Tensor
    fold: Tensor
    heads: tuple[RegionNet, ...]


def cross_fit(
    net: RegionNet,
    dataset: FeatureDataset,
    objective: Objective,
    setting: Setting,
    *,
    epochs: int,
    batch_size: int,
    folds: int = FOLDS,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> CrossFit:
    """Fit k heads side by side, each without one fold, and score each fold with the head that lacks it.

    All heads read the same batches; the loss of each leaves out the images of its fold. The heads start anew:
    nothing that ``net`` learnt goes into them but its backbone, through the maps.

    Args:
        net: its pooling and the shape of its transfer layer are taken; it is not changed.
        dataset: N images as cached maps.
        objective: the loss, without a memory of its own.
        setting: learning rate and weight decay.
        epochs: passes over the images.
        batch_size: images a step.
        folds: k, at least 2.
        seed: of folds, start and order; the global random state is left as it was.
        device: where the heads learn.

    Raises:
        UsageError: fewer than two folds.
        DataError: fewer groups of images than folds.
    """
    if folds < 2:
        raise UsageError(f"`folds` must be at least 2, got {folds!r}")
    records = tied_records(dataset)
    members = draw_folds(records, folds, seed=seed)
    fold = torch.empty(len(records), dtype=torch.long)
    for number, positions in enumerate(members):
        fold[list(positions)] = number
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        heads = Heads(fresh_head(net), [setting] * folds).to(device)
        everyone = range(len(records))
        masked = [_Masked(objective, fold, number) for number in range(folds)]
        fit_heads(heads, dataset, everyone, masked, epochs=epochs, batch_size=batch_size, seed=seed)
        fitted = tuple(_network(net, heads, number) for number in range(folds))
    return CrossFit(_held_out_scores(fitted, dataset, members, device), fold, fitted)


def tied_records(dataset: FeatureDataset) -> list[Record]:
    """Return the records with one group for all images that share a group or the very bytes of their file.

    A copy of an image in another fold would let the image judge itself.
    """
    parent = list(range(len(dataset)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[object, int] = {}
    for place, (record, row) in enumerate(zip(dataset.records, dataset.rows.tolist(), strict=True)):
        for tie in (("group", record.group) if record.group is not None else ("image", place), ("row", row)):
            parent[root(place)] = root(first.setdefault(tie, place))
    return [
        replace(record, group=dataset.records[root(place)].file_name + f"#{root(place)}")
        for place, record in enumerate(dataset.records)
    ]


def fresh_head(net: RegionNet) -> RegionNet:
    """Return an untrained transfer layer and pooling of the shape that ``net`` has."""
    pool = build_pooling(net.config["pool"], **net.config["pool_options"])
    return RegionNet(net.transfer.in_channels, pool, net.num_classes, config=net.config)


class _Masked:
    """The loss without the images of one fold: that of the head that is to judge them."""

    def __init__(self, objective: Objective, fold: Tensor, own: int) -> None:
        self.objective, self.fold, self.own = objective, fold, own

    def __call__(self, scores: Tensor, batch: Batch) -> Tensor:
        learnt = self.fold.to(batch["index"].device)[batch["index"]] != self.own
        if not learnt.any():
            return scores.sum() * 0
        # The maps are large, and no loss looks at them again.
        told = {name: values[learnt] for name, values in batch.items() if name not in ("features", "mask")}
        return self.objective(scores[learnt], told)


def _network(net: RegionNet, heads: Heads, number: int) -> RegionNet:
    """Return one head as a network, in evaluation mode."""
    head = fresh_head(net)
    head.transfer.load_state_dict(heads.transfers[number].state_dict())
    head.pool.load_state_dict(heads.pools[number].state_dict())
    return head.to(next(heads.parameters()).device).eval()


@torch.no_grad()
def _held_out_scores(
    heads: Sequence[RegionNet],
    dataset: FeatureDataset,
    members: Sequence[Sequence[int]],
    device: str | torch.device,
) -> Tensor:
    scores = torch.empty(len(dataset), heads[0].num_classes)
    size = min(SCORED, dataset.cached.at_once)
    for head, positions in zip(heads, members, strict=True):
        for start in range(0, len(positions), size):
            chosen = list(positions[start : start + size])
            batch = dataset.__getitems__(chosen)
            found = head.pool(head.transfer_scores(batch["features"].to(device)), batch["mask"].to(device))
            scores[chosen] = found.float().cpu()
    return scores
