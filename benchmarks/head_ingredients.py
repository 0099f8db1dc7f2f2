"""Two ingredients of a frozen run's head on held-back images: k for each class, and learned β of Eq. 8.

Five folds of training images (800 of VOC 2007, all of the animals, 400 steel plates), maps at 448 px on their
384 strongest directions. Every way takes the best of three rates. k for each class is chosen on two folds by
the average precision of the class and measured on the three others, for all ten ways to draw the two, beside
one k for all classes that is chosen and measured on the same folds.

python benchmarks/head_ingredients.py --cache DIR   # resumes
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from photographs import DATA
from provenance import commit, read_results, write_results
from voc2007 import Side
from weldon.data import read_labels
from weldon.data.split import draw_folds
from weldon.losses import logistic_loss
from weldon.metrics import average_precision
from weldon.models import create_model
from weldon.models.embedded import DEFAULT_MODEL
from weldon.pooling import WeldonPool
from weldon.pooling.max_average import mean_of_regions
from weldon.pooling.regions import RegionPool, fill_padding, flatten_regions
from weldon.runs.recipe_file import build_recipe
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.features.projection import projected, projected_net, strongest_directions
from weldon.training.head_search import DIRECTIONS, EPOCHS, mean_squared_norm, setting_at, usual_batch_size
from weldon.training.heads import fit_heads, score_heads
from weldon.training.inputs.images import cached_maps

SETS = {
    "VOC 2007": (DATA / "voc2007" / "VOCdevkit" / "VOC2007", None, 800),
    "animals": (DATA / "voc2012-animals", None, 2000),
    "steel": (DATA / "steel-defects", DATA / "steel-defects" / "labels.csv", 400),
}
COUNTS = ((0.2, 0.2), (0.05, 0.5), (0.1, 0.5), (0.2, 0.5), (0.5, 0.5), (0.1, 0.1))
RATES = (0, 1, 2)


class LearnedBeta(RegionPool):
    """Eq. 8 with temperatures that are learnt, one pair for all classes or one for each.

    Args:
        classes: number of pairs; 1 is shared by all classes.
        beta: at the start, against with its sign turned.
    """

    def __init__(self, classes: int, beta: float) -> None:
        super().__init__()
        self.start = beta
        self.steps = nn.Parameter(torch.zeros(2, classes, 1))

    def forward(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        regions, real = flatten_regions(scores, mask)
        highest, lowest = self.start * torch.exp(0.1 * self.steps.clamp(-30, 30))
        return (soft(regions, real, highest) - soft(-regions, real, lowest)) / 2


def soft(regions: Tensor, real: Tensor | None, beta: Tensor) -> Tensor:
    """``1/β log mean exp(β F)`` over the real regions: ``(N, C, R)`` to ``(N, C)``."""
    top = fill_padding(regions, real, -torch.inf).amax(2, keepdim=True).detach()
    mean = mean_of_regions(torch.exp(beta * fill_padding(regions - top, real, -torch.inf)), real)
    return top.squeeze(2) + mean.clamp_min(1e-30).log() / beta.squeeze(-1)


def poolings(classes: int) -> dict[str, nn.Module]:
    fixed = {f"k+ = {most:g}, k- = {least:g}": WeldonPool(k_max=most, k_min=least) for most, least in COUNTS}
    learnt = {
        "β learnt, one pair": LearnedBeta(1, 1.0),
        "β learnt, a pair a class": LearnedBeta(classes, 1.0),
        "β not learnt": LearnedBeta(1, 1.0).requires_grad_(False),
    }
    return fixed | learnt


def read(name: str, cache: Path | None) -> tuple[Any, FeatureDataset]:
    """Return the network and the training images as maps on their strongest directions."""
    folder, table, most = SETS[name]
    labels = read_labels(folder, table) if table else read_labels(folder)
    net = create_model(DEFAULT_MODEL, len(labels.classes))
    net.freeze_backbone()
    records = [record for record in labels.records if record.split in ("train", "val")]
    recipe = build_recipe({"data": folder, "freeze": True, "cache": cache, "image_size": 448})
    cached = cached_maps(recipe, net, records, labels.classes)
    train = [record for record in records if record.split == "train"]
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0)).tolist()
    dataset = FeatureDataset([train[n] for n in sorted(order[:most])], labels.classes, cached)
    directions = strongest_directions(dataset, range(len(dataset)), DIRECTIONS)
    return projected_net(net, directions), projected(dataset, range(len(dataset)), directions)


def held_back_scores(net: Any, dataset: FeatureDataset, fold: Sequence[int]) -> dict[str, list[Tensor]]:
    """Return the scores ``(n, C)`` of the fold by each way and rate, from heads that learnt the rest."""
    made = poolings(dataset.target.shape[1])
    names = [name for name in made for _ in RATES]
    size = mean_squared_norm(dataset, range(len(dataset)))
    settings = [setting_at(rate, 0, size, dataset.target.shape[1]) for _ in made for rate in RATES]
    heads = Side(net, [], settings, 0)
    heads.pools = nn.ModuleList(poolings(dataset.target.shape[1])[name] for name in names)
    rest = sorted(set(range(len(dataset))) - set(fold))
    torch.manual_seed(0)
    fit(heads, dataset, rest)
    scores = [
        one.nan_to_num(0.0, 0.0, 0.0) for one in score_heads(heads, dataset, fold)
    ]  # what ran away knows nothing
    return {name: [s for s, own in zip(scores, names, strict=True) if own == name] for name in made}


def fit(heads: Side, dataset: FeatureDataset, images: Sequence[int]) -> None:
    def objective(scores: Tensor, batch: Any) -> Tensor:
        return logistic_loss(scores, batch["target"], batch["known"])

    each = [partial(objective) for _ in heads.pools]  # one that runs away spoils no other
    batch = usual_batch_size(len(images))
    fit_heads(heads, dataset, images, each, epochs=EPOCHS, batch_size=batch, seed=0)


def precisions(dataset: FeatureDataset, scores: Sequence[Tensor], folds: Sequence[Sequence[int]]) -> Tensor:
    """Return the average precision ``(C,)`` over the images of several folds; NaN without positives."""
    places = torch.tensor([index for fold in folds for index in fold])
    return average_precision(torch.cat(list(scores)), dataset.target[places], dataset.known[places])


def measure(name: str, cache: Path | None) -> dict[str, Any]:
    net, dataset = read(name, cache)
    folds = [list(fold) for fold in draw_folds(dataset.records, 5, seed=0)]
    parts = [held_back_scores(net, dataset, fold) for fold in folds]

    def of(way: str, rate: int, chosen: Sequence[int]) -> Tensor:
        return precisions(dataset, [parts[n][way][rate] for n in chosen], [folds[n] for n in chosen])

    everything = range(len(folds))
    best = {way: max(RATES, key=lambda rate: float(of(way, rate, everything).nanmean())) for way in parts[0]}
    found: dict[str, Any] = {"commit": commit(), "images": len(dataset)}
    found["held back"] = {way: float(of(way, best[way], everything).nanmean()) for way in best}
    counts = [way for way in best if way.startswith("k+")]
    gains, alone = [], []
    for chosen in itertools.combinations(everything, 2):
        others = [n for n in everything if n not in chosen]
        here = torch.stack([of(way, best[way], chosen) for way in counts])  # (K, C)
        there = torch.stack([of(way, best[way], others) for way in counts])
        together = int(here.nanmean(1).argmax())
        own = here.nan_to_num(-1).argmax(0)
        own[here.isnan().all(0)] = together
        by_class = there.gather(0, own[None])[0]
        alone.append(float(there[together].nanmean()))
        gains.append(float(by_class.nanmean()) - alone[-1])
    found["one k"] = statistics.mean(alone)
    found["k a class, gain"] = {"mean": statistics.mean(gains), "deviation": statistics.stdev(gains)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cache", type=Path, help="folder of the cached maps")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in SETS:
        results = read_results("head_ingredients")
        if name not in results:
            results[name] = measure(name, options.cache)
            write_results("head_ingredients", results)
        print(name, results[name], flush=True)


if __name__ == "__main__":
    main()
