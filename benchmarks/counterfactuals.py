"""Are the regions that a model names the reason for its score? Cover them and look; break the model and look.

The model is a run on VOC 2007 train; photographs are taken evenly from val. Three parts, each kept when done:

cover      The pixels of the regions that speak for a class, or against it, are blurred, and the picture is
           scored again: without its evidence for, the score must fall; without its evidence against, it must
           rise. As many cells are covered where chance, Grad-CAM, LayerCAM and an occlusion map (the score
           without each square of two by two cells) point. Pairs: each class the picture shows; for the
           evidence against also the class it does not show that scores highest.
weights    Rank correlation (Spearman) of the map of a class with its map after the transfer layer, then the
           last quarter, then all of the backbone has drawn new weights: a map that stays explains nothing.
stability  The same of a picture with its mirror image, and with the picture moved by 16 pixels, half a cell.

python benchmarks/counterfactuals.py runs/voc2007          # about 40 minutes on one core
"""

from __future__ import annotations

import argparse
import copy
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torchvision.transforms.v2.functional import gaussian_blur

from gradient_maps import Canvas, GradientMaps
from provenance import read_results, write_results
from weldon import load
from weldon.data import load_image
from weldon.data.public.voc import read_voc
from weldon.data.record import Record
from weldon.inference.forward import forward_with_weights
from weldon.inference.predict import Predictor
from weldon.models import WeldonNet

BLUR, SIGMA = [63, 63], [16.0, 16.0]
RIVALS = ("Grad-CAM", "LayerCAM")
DRAWS = 3  # of chance, for each pair
SQUARE = 2  # cells on a side that the occlusion map covers at once
MOVE = 16  # pixels
Figures = dict[str, Any]


class Pair(NamedTuple):
    """A class of a picture, and the cells ``(h, w)`` that each method names, as many as the evidence has."""

    label: int
    shown: bool
    cells: dict[str, Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path, help="a run directory, trained on VOC 2007")
    parser.add_argument("--data", type=Path, required=True, help="folder VOC2007 of the devkit")
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--images", type=int, help="photographs of each part, instead of the usual number")
    options = parser.parse_args()
    model = load(options.run, device="cpu")
    held = [record for record in read_voc(options.data).records if record.split == "val"]
    results = read_results("counterfactuals")
    for name in options.parts:
        part, usual = PARTS[name]
        records = evenly(held, options.images or usual)
        results[name] = part(model, records) | {"images": len(records)}
        print(name, results[name], flush=True)
        write_results("counterfactuals", results)


def evenly(records: Sequence[Record], count: int) -> list[Record]:
    return [records[number * len(records) // count] for number in range(count)]


def canvases(model: Predictor, records: Sequence[Record]) -> Iterator[tuple[list[int], Canvas]]:
    """Yield the numbers of the classes of each picture, and the picture."""
    for record in records:
        labels = [model.classes.index(name) for name in sorted(record.labels)]
        yield labels, Canvas(*model.transform(load_image(record.path)))


# cover


def cover(model: Predictor, records: Sequence[Record]) -> Figures:
    """Return how often, and how far, scores move as they should, by side and method."""
    namers = Namers(model.net)
    moves: dict[tuple[str, str], list[float]] = defaultdict(list)
    spreads: list[Tensor] = []
    for record, (labels, canvas) in zip(records, canvases(model, records), strict=True):
        unknown = [model.classes.index(name) for name in record.unknown]
        before, grid = scored(model.net, canvas)
        spreads.append(before)
        covered = Covered(model.net, canvas, grid)
        occlusion = occlusion_map(covered, before)  # (C, h, w)
        for side, pairs in namers.pairs(canvas, labels, unknown, occlusion).items():
            for pair in pairs:
                after = covered.scores(list(pair.cells.values()))[:, pair.label]
                for name, value in zip(pair.cells, (after - before[pair.label]).tolist(), strict=True):
                    moves[group(side, pair), name.split("#")[0]].append(value)
    unit = torch.stack(spreads).std(0).mean().item()
    return summary(moves, unit) | {"unit": unit}


def group(side: str, pair: Pair) -> str:
    return side if side == "for" else f"against, {'shown' if pair.shown else 'not shown'}"


def summary(moves: dict[tuple[str, str], list[float]], unit: float) -> Figures:
    """Return by side and method the share of moves in the right direction, and their mean in ``unit``."""
    figures: Figures = defaultdict(dict)
    for (side, name), values in moves.items():
        wanted = -1 if side == "for" else 1
        right = [value * wanted > 0 for value in values]
        figures[side][name] = {
            "share": statistics.mean(right),
            "move": statistics.mean(values) / unit,
            "pairs": len(values) // (DRAWS if name == "chance" else 1),
        }
    return dict(figures)


class Covered:
    """A picture with cells of it blurred, scored; C classes, a grid of ``(h, w)`` cells."""

    def __init__(self, net: WeldonNet, canvas: Canvas, grid: tuple[int, int]) -> None:
        self.net, self.canvas, self.grid = net, canvas, grid
        self.blurred = gaussian_blur(canvas.pixels, BLUR, SIGMA)

    @torch.no_grad()
    def scores(self, cells: Sequence[Tensor]) -> Tensor:
        """Return the scores ``(n, C)`` of the picture with each of n sets of cells covered."""
        size = self.canvas.pixels.shape[-1] // self.grid[0]
        hidden = torch.stack(list(cells)).repeat_interleave(size, 1).repeat_interleave(size, 2)  # (n, S, S)
        pictures = torch.where(hidden[:, None], self.blurred, self.canvas.pixels)
        masks = self.canvas.mask.expand(len(pictures), -1, -1)
        return torch.cat([self.net(*part) for part in zip(pictures.split(16), masks.split(16), strict=True)])


class Namers:
    """Every way to name cells of a picture, as many as the evidence of the model has."""

    def __init__(self, net: WeldonNet) -> None:
        self.net = net
        self.rivals = {name: GradientMaps(name, net) for name in RIVALS}
        self.chance = torch.Generator().manual_seed(0)

    def pairs(
        self, canvas: Canvas, labels: Sequence[int], unknown: Sequence[int], occlusion: Tensor
    ) -> dict[str, list[Pair]]:
        """Return the classes whose evidence for, and against, is to be covered."""
        forward = forward_with_weights(self.net, canvas.pixels[None], canvas.mask[None])
        absent = forward.scores[0].clone()
        absent[[*labels, *unknown]] = -torch.inf
        nearest = int(absent.argmax())
        return {
            "for": [
                self.named_for(canvas, label, forward.positive[0, label] != 0, occlusion[label])
                for label in labels
            ],
            "against": [
                self.named(
                    canvas, label, label != nearest, forward.negative[0, label] != 0, -occlusion[label]
                )
                for label in [*labels, nearest]
            ],
        }

    def named(self, canvas: Canvas, label: int, shown: bool, ours: Tensor, drop: Tensor) -> Pair:
        """Return the cells that our evidence, chance and the occlusion map name."""
        real, count = real_cells(canvas, ours.shape), int(ours.sum())
        cells = {"ours": ours} | draws(real, count, self.chance)
        return Pair(label, shown, cells | {"occlusion": highest(drop, real, count)})

    def named_for(self, canvas: Canvas, label: int, ours: Tensor, drop: Tensor) -> Pair:
        """Return the same, and the cells of gradient maps, which name nothing that speaks against."""
        pair = self.named(canvas, label, True, ours, drop)
        real, count = real_cells(canvas, ours.shape), int(ours.sum())
        for name, rival in self.rivals.items():
            pair.cells[name] = highest(cell_means(rival(canvas, label), canvas, ours.shape), real, count)
        return pair


def draws(real: Tensor, count: int, chance: torch.Generator) -> dict[str, Tensor]:
    return {
        f"chance#{draw}": highest(torch.rand(real.shape, generator=chance), real, count)
        for draw in range(DRAWS)
    }


def highest(values: Tensor, real: Tensor, count: int) -> Tensor:
    """Return the ``count`` highest of the real cells, as a mask ``(h, w)``."""
    ranked = values.masked_fill(~real, -torch.inf).flatten().argsort(descending=True, stable=True)
    chosen = torch.zeros(values.numel(), dtype=torch.bool)
    chosen[ranked[:count]] = True
    return chosen.view(values.shape)


def real_cells(canvas: Canvas, grid: Sequence[int]) -> Tensor:
    rows, columns = canvas.geometry.real_cells((grid[0], grid[1]))
    real = torch.zeros(tuple(grid), dtype=torch.bool)
    real[:rows, :columns] = True
    return real


def cell_means(pixels: Tensor, canvas: Canvas, grid: Sequence[int]) -> Tensor:
    """Return the mean of a map over the pixels ``(height, width)`` of each cell ``(h, w)``."""
    side = canvas.pixels.shape[-1]
    full = torch.zeros(side, side)
    full[: pixels.shape[0], : pixels.shape[1]] = pixels
    return nn.functional.adaptive_avg_pool2d(full[None], tuple(grid))[0]


def occlusion_map(covered: Covered, before: Tensor) -> Tensor:
    """Return by how much each class's score falls ``(C, h, w)`` without each square of cells."""
    rows, columns = covered.grid
    squares = []
    for top in range(0, rows, SQUARE):
        for left in range(0, columns, SQUARE):
            square = torch.zeros(rows, columns, dtype=torch.bool)
            square[top : top + SQUARE, left : left + SQUARE] = True
            squares.append(square)
    falls = before - covered.scores(squares)  # (n, C)
    coarse = falls.T.view(len(before), -(-rows // SQUARE), -(-columns // SQUARE))
    return coarse.repeat_interleave(SQUARE, 1).repeat_interleave(SQUARE, 2)[:, :rows, :columns]


@torch.no_grad()
def scored(net: WeldonNet, canvas: Canvas) -> tuple[Tensor, tuple[int, int]]:
    """Return the scores ``(C,)`` of a picture and the grid of its maps."""
    scores, maps = net(canvas.pixels[None], canvas.mask[None], return_maps=True)
    return scores[0], (maps.shape[-2], maps.shape[-1])


# weights


def weights(model: Predictor, records: Sequence[Record]) -> Figures:
    """Return how like the maps of a broken model are to those of the trained one."""
    broken = broken_nets(model.net)
    alike: dict[str, list[float]] = defaultdict(list)
    for labels, canvas in canvases(model, records):
        trained = maps_of(model.net, canvas)
        for name, net in broken.items():
            maps = maps_of(net, canvas)
            alike[name] += [correlation(trained[label], maps[label]) for label in labels]
    return {name: mean_and_spread(values) for name, values in alike.items()}


def broken_nets(net: WeldonNet) -> dict[str, WeldonNet]:
    """Return copies of a network, more and more of whose weights are drawn anew, from the top down."""
    torch.manual_seed(0)
    transfer = copy.deepcopy(net)
    transfer.transfer.reset_parameters()
    layers = [layer for layer in net.backbone.modules() if isinstance(layer, nn.Conv2d)]
    nets = {"transfer layer": transfer}
    for name, share in (("and a quarter of the backbone", 0.25), ("and all of the backbone", 1.0)):
        nets[name] = copy.deepcopy(transfer)
        convolutions = [part for part in nets[name].backbone.modules() if isinstance(part, nn.Conv2d)]
        for layer in convolutions[len(layers) - round(share * len(layers)) :]:
            layer.reset_parameters()
    return nets


@torch.no_grad()
def maps_of(net: WeldonNet, canvas: Canvas) -> Tensor:
    """Return the maps of the real cells ``(C, rows, columns)``."""
    _, maps = net(canvas.pixels[None], canvas.mask[None], return_maps=True)
    rows, columns = canvas.geometry.real_cells((maps.shape[-2], maps.shape[-1]))
    return maps[0, :, :rows, :columns]


def correlation(one: Tensor, other: Tensor) -> float:
    return float(spearmanr(one.flatten(), other.flatten()).statistic)


def mean_and_spread(values: Sequence[float]) -> dict[str, float]:
    known = [value for value in values if value == value]
    return {"mean": statistics.mean(known), "deviation": statistics.stdev(known), "maps": len(known)}


# stability


def stability(model: Predictor, records: Sequence[Record]) -> Figures:
    """Return how like the map of a picture is to that of its mirror image, and of the picture moved."""
    changes: dict[str, Callable[[Canvas], Tensor]] = {
        "mirror": lambda canvas: mirrored(model.net, canvas),
        f"moved by {MOVE} pixels": lambda canvas: moved(model.net, canvas),
    }
    alike: dict[str, list[float]] = defaultdict(list)
    for labels, canvas in canvases(model, records):
        plain = maps_of(model.net, canvas)
        for name, change in changes.items():
            changed = change(canvas)
            alike[name] += [correlation(plain[label], changed[label]) for label in labels]
    return {name: mean_and_spread(values) for name, values in alike.items()}


def mirrored(net: WeldonNet, canvas: Canvas) -> Tensor:
    """Return the maps of the mirror image, turned back."""
    across = canvas.geometry.valid[0]
    pixels = canvas.pixels.clone()
    pixels[..., :across] = canvas.pixels[..., :across].flip(-1)
    return maps_of(net, canvas._replace(pixels=pixels)).flip(-1)


@torch.no_grad()
def moved(net: WeldonNet, canvas: Canvas) -> Tensor:
    """Return the maps of the picture moved right and down within its frame, read where they have moved to."""
    pixels = canvas.pixels.clone()
    across, down = canvas.geometry.valid
    inner = canvas.pixels[:, : down - MOVE, : across - MOVE]
    pixels[:, MOVE:down, MOVE:across] = inner
    maps = maps_of(net, canvas._replace(pixels=pixels))
    fine = nn.functional.interpolate(maps[None], scale_factor=2, mode="bilinear")[0]
    back = torch.cat([fine[:, 1:], fine[:, -1:]], 1)
    back = torch.cat([back[:, :, 1:], back[:, :, -1:]], 2)
    return nn.functional.avg_pool2d(back[None], 2)[0]


PARTS: dict[str, tuple[Callable[[Predictor, Sequence[Record]], Figures], int]] = {
    "stability": (stability, 300),
    "weights": (weights, 100),
    "cover": (cover, 300),
}

if __name__ == "__main__":
    main()
