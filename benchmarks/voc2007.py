"""VOC 2007, train to val, on the frozen maps of the embedded backbone: poolings, losses, number of images.

Every method has its own rate and decay, chosen on a held-back fifth of the training images by a walk over the
grid of the product's search; then it learns from all training images, with three seeds, and val is looked at
once. Heads learn side by side from the same batches, which changes nothing for any of them
(`tests/training/test_heads.py`) and takes a fraction of the time. A class of which an image shows only
difficult objects is unknown there, in training and in the figures.

python benchmarks/voc2007.py                        # Fig. 6, Tables 7, 8 and 10: about 40 minutes on one core
python benchmarks/voc2007.py --images 250 500 1000  # the curve; results of other numbers of images stay
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from photographs import DATA
from provenance import commit, read_results, write_results
from weldon.data import Geometry, Record, image_size, read_labels
from weldon.data.public.voc import VOC_CLASSES
from weldon.data.split import draw_folds
from weldon.evaluation.measures.points import boxes_as_tensors, presence_known
from weldon.losses import APLoss, logistic_loss
from weldon.metrics import average_precision, pointwise_localisation
from weldon.models import create_model
from weldon.models.embedded import DEFAULT_MODEL
from weldon.pooling import build_pooling
from weldon.runs.recipe_file import build_recipe
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.head_search import mean_squared_norm, setting_at, usual_batch_size
from weldon.training.heads import Heads, fit_heads, score_heads
from weldon.training.inputs.images import cached_maps

VOC = DATA / "voc2007" / "VOCdevkit" / "VOC2007"
SIZE = 448
SEEDS = (0, 1, 2)
SEARCH_EPOCHS, EPOCHS = 8, 20
START = ((0, 0), (0, 1), (1, 0), (1, 1))  # steps of rate and decay from the start of the product's search
ROUNDS = 4

Place = tuple[int, int]


@dataclass(frozen=True)
class Method:
    """A pooling and a loss."""

    pool: dict[str, Any]
    loss: str = "logistic"

    def build(self) -> nn.Module:
        options = dict(self.pool)
        return build_pooling(options.pop("name"), **options)

    def objective(self) -> Callable[[Tensor, Any], Tensor]:
        if self.loss == "ap":
            rank = APLoss()
            return lambda scores, batch: rank(scores, batch["target"], batch["known"])
        return lambda scores, batch: logistic_loss(scores, batch["target"], batch["known"])


def weldon(k_max: float | int, k_min: float | int | None = None, loss: str = "logistic") -> Method:
    return Method({"name": "weldon", "k_max": k_max, "k_min": k_max if k_min is None else k_min}, loss)


METHODS = {
    "max": Method({"name": "max"}),
    "LSE": Method({"name": "lse"}),
    "average": Method({"name": "avg"}),
    "MANTRA": Method({"name": "mantra"}),
    "top 20 %": weldon(0.2, 0),
    "WELDON 5 %": weldon(0.05),
    "WELDON 10 %": weldon(0.1),
    "WELDON 20 %": weldon(0.2),
    "WELDON 30 %": weldon(0.3),
    "WELDON 50 %": weldon(0.5),
    "WELDON 20 % / 50 %": weldon(0.2, 0.5),
    "max, AP": Method({"name": "max"}, "ap"),
    "MANTRA, AP": Method({"name": "mantra"}, "ap"),
    "WELDON 20 %, AP": weldon(0.2, loss="ap"),
}
CURVE = ("max", "average", "MANTRA", "top 20 %", "WELDON 20 %", "WELDON 20 % / 50 %", "WELDON 20 %, AP")


class Side(Heads):
    """Heads that differ in pooling too; each starts as a network of its own with the seed would."""

    def __init__(self, net: Any, methods: Sequence[Method], settings: Any, seed: int) -> None:
        super().__init__(net, settings)
        torch.manual_seed(seed)
        nn.init.normal_(self.transfers[0].weight, std=0.01)
        for transfer in self.transfers[1:]:
            transfer.load_state_dict(self.transfers[0].state_dict())
        self.pools = nn.ModuleList(method.build() for method in methods)

    def learn(self, methods: Sequence[Method], dataset: FeatureDataset, images: Any, **options: Any) -> None:
        fit_heads(self, dataset, images, [method.objective() for method in methods], **options)


@dataclass(frozen=True)
class Experiment:
    """The cached maps and the labels."""

    net: Any
    train: FeatureDataset
    val: FeatureDataset

    def search(self, names: Sequence[str], images: Sequence[int]) -> dict[str, dict[Place, float]]:
        """Return the held-back mAP of every place that each method's walk saw."""
        records = [self.train.records[n] for n in images]
        held = [images[n] for n in draw_folds(records, 5, seed=0)[0]]
        rest = sorted(set(images) - set(held))
        size = mean_squared_norm(self.train, images)
        seen: dict[str, dict[Place, float]] = {name: {} for name in names}
        for _ in range(ROUNDS):
            new = [(name, place) for name in names for place in unseen(seen[name])]
            if not new:
                break
            methods = [METHODS[name] for name, _ in new]
            heads = Side(
                self.net, methods, [setting_at(*place, size, len(VOC_CLASSES)) for _, place in new], 0
            )
            options = {"epochs": SEARCH_EPOCHS, "batch_size": usual_batch_size(len(images)), "seed": 0}
            heads.learn(methods, self.train, rest, **options)
            scores = score_heads(heads, self.train, held)
            target, known = self.train.target[held], self.train.known[held]
            for (name, place), part in zip(new, scores, strict=True):
                figure = average_precision(part, target, known).nanmean() if part.isfinite().all() else 0.0
                seen[name][place] = float(figure)
            print(
                len(new), {n: (best(f), round(100 * max(f.values()), 2)) for n, f in seen.items()}, flush=True
            )
        return seen

    def measure(self, names: Sequence[str], places: Any, images: Sequence[int], seed: int) -> dict[str, Any]:
        """Learn from all of ``images`` and return the figures of each method on val."""
        size = mean_squared_norm(self.train, images)
        methods = [METHODS[name] for name in names]
        heads = Side(
            self.net, methods, [setting_at(*places[name], size, len(VOC_CLASSES)) for name in names], seed
        )
        options = {"epochs": EPOCHS, "batch_size": usual_batch_size(len(images)), "seed": seed}
        heads.learn(methods, self.train, images, **options)
        return dict(zip(names, self.figures(heads), strict=True))

    @torch.no_grad()
    def figures(self, heads: Heads) -> list[dict[str, Any]]:
        heads.eval()
        scores: list[list[Tensor]] = [[] for _ in heads.pools]
        cells: list[list[Tensor]] = [[] for _ in heads.pools]
        for start in range(0, len(self.val), 128):
            batch = self.val.__getitems__(list(range(start, min(start + 128, len(self.val)))))
            for n, (transfer, pool) in enumerate(zip(heads.transfers, heads.pools, strict=True)):
                maps = transfer(batch["features"].float())
                scores[n].append(pool(maps, batch["mask"]))
                padded = maps.masked_fill(~batch["mask"][:, None], -torch.inf)
                cells[n].append(padded.flatten(2).argmax(2))
        return [self._figures(torch.cat(s), torch.cat(c)) for s, c in zip(scores, cells, strict=True)]

    def _figures(self, scores: Tensor, cells: Tensor) -> dict[str, Any]:
        """Return mAP and pointwise localisation; ``cells`` ``(N, C)`` is the highest cell of each map."""
        grid = (SIZE // 32, SIZE // 32)
        sizes, points, boxes, labels, known = [], [], [], [], []
        for record, row in zip(self.val.records, cells.tolist(), strict=True):
            geometry = Geometry(*image_size(record.path), SIZE)
            points.append([geometry.cell_centre(*divmod(cell, grid[1]), grid) for cell in row])
            sizes.append((geometry.width, geometry.height))
            corners, names = boxes_as_tensors(record.boxes or (), VOC_CLASSES)
            boxes.append(corners)
            labels.append(names)
            known.append(presence_known(record.boxes or (), VOC_CLASSES))
        pointwise = pointwise_localisation(
            torch.tensor(points),
            scores,
            boxes,
            labels,
            sizes=torch.tensor(sizes),
            mask=torch.stack(known),
        )
        precision = average_precision(scores, self.val.target, self.val.known)
        return {
            "map": float(precision.nanmean()),
            "pointwise": float(pointwise.nanmean()),
            "ap": [round(float(value), 4) for value in precision],
        }


def best(figures: dict[Place, float]) -> Place:
    return max(figures, key=lambda place: figures[place])


def unseen(figures: dict[Place, float]) -> list[Place]:
    """Return the places to try next: the start, then the neighbours of the best that were not seen."""
    if not figures:
        return list(START)
    rate, decay = best(figures)
    around = ((rate + 1, decay), (rate - 1, decay), (rate, decay + 1), (rate, decay - 1))
    return [place for place in around if place not in figures]


def open_experiment(cache: Path | None) -> Experiment:
    label_set = read_labels(VOC)
    net = create_model(DEFAULT_MODEL, len(VOC_CLASSES))
    net.freeze_backbone()
    recipe = build_recipe({"data": VOC, "freeze": True, "cache": cache, "image_size": SIZE})
    records: list[Record] = [r for r in label_set.records if r.split in ("train", "val")]
    cached = cached_maps(recipe, net, records, VOC_CLASSES)
    parts = ([r for r in records if r.split == split] for split in ("train", "val"))
    return Experiment(net, *(FeatureDataset(part, VOC_CLASSES, cached) for part in parts))


def subset(total: int, images: int, seed: int) -> list[int]:
    order = torch.randperm(total, generator=torch.Generator().manual_seed(seed)).tolist()
    return sorted(order[:images])


def part_of(dataset: FeatureDataset, places: list[int]) -> FeatureDataset:
    """Return these images with the labels that the whole set has."""
    part = FeatureDataset([dataset.records[n] for n in places], VOC_CLASSES, dataset.cached)
    part.target, part.known = dataset.target[places], dataset.known[places]
    return part


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[2500], help="training images")
    parser.add_argument("--cache", type=Path, help="folder of the cached maps")
    options = parser.parse_args()
    experiment = open_experiment(options.cache)
    for images in options.images:
        whole = images >= len(experiment.train)
        names = list(METHODS) if whole else list(CURVE)
        results = read_results("voc2007")
        found = results.get(str(images), {})
        if "tried" not in found:
            seen = experiment.search(names, subset(len(experiment.train), images, SEEDS[0]))
            places = {name: best(seen[name]) for name in names}
            tried = {name: {f"{r},{d}": f for (r, d), f in seen[name].items()} for name in names}
            found = {"commit": commit(), "chosen": places, "tried": tried, "seeds": {}}
            write_results("voc2007", {**results, str(images): found})
        places = {name: tuple(place) for name, place in found["chosen"].items()}
        for seed in SEEDS:
            if str(seed) not in found["seeds"]:
                chosen = subset(len(experiment.train), images, seed)
                found["seeds"][str(seed)] = experiment.measure(names, places, chosen, seed)
                write_results("voc2007", {**read_results("voc2007"), str(images): found})
            for name, figures in found["seeds"][str(seed)].items():
                print(images, seed, name, f"{figures['map']:.4f} {figures['pointwise']:.4f}", flush=True)


if __name__ == "__main__":
    main()
