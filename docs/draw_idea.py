"""Draw the pictures of docs/idea.md: one score map, made by hand, and scenes with a network trained on them.

``python docs/draw_idea.py`` writes them into docs/images; a minute or two on one core.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

import weldon
from weldon.data.scenes import make_scenes, write_scenes
from weldon.inference.overlay import AGAINST, FOR
from weldon.pooling import AveragePool, MaxPool, RegionPool, WeldonPool
from weldon.report import evidence_figure
from weldon.report.demo import COUNTS, SCHEDULE

IMAGES = Path(__file__).parent / "images"
MAP = torch.tensor([[[[1.0, 2.0, 0.0, -1.0], [3.0, 4.0, 1.0, -2.0], [0.0, 1.0, 0.0, -4.0]]]])
POOLINGS: dict[str, RegionPool] = {
    "max: the best region": MaxPool(),
    "average: all alike": AveragePool(),
    "MANTRA: best and worst": WeldonPool(k_max=1, k_min=1),
    "WELDON: 3 best, 3 worst": WeldonPool(k_max=3, k_min=3),
}
CLASSES = ("8", "1")  # one that is there, and one of the other room


def draw_poolings() -> None:
    """One map of 12 regions, and what each pooling takes of it."""
    figure, axes = plt.subplots(1, len(POOLINGS), figsize=(11, 3), layout="constrained")
    for axis, (name, pool) in zip(axes, POOLINGS.items(), strict=True):
        draw_map(axis, pool)
        axis.set_title(f"{name}\nscore {pool(MAP).item():.2g}", fontsize=11)
    figure.savefig(IMAGES / "idea-poolings.png", dpi=130)


def draw_map(axis: Axes, pool: RegionPool) -> None:
    regions = MAP[0, 0]
    frames = [weight.reshape(regions.shape) > 0 for weight in pool.region_weights(MAP)]
    axis.imshow(regions, cmap="PRGn", vmin=-6, vmax=6)
    for (row, column), value in zip(
        torch.cartesian_prod(*map(torch.arange, regions.shape)), regions.flatten(), strict=True
    ):
        axis.text(column, row, f"{value:+.0f}" if value else "0", ha="center", va="center")
        for chosen, colour, style in zip(frames, (FOR, AGAINST), ("-", "--"), strict=True):
            if chosen[row, column]:
                axis.add_patch(frame(row, column, colour, style))
    axis.set_xticks([])
    axis.set_yticks([])


def frame(row: torch.Tensor, column: torch.Tensor, colour: tuple[int, int, int], style: str) -> Rectangle:
    edge = tuple(part / 255 for part in colour)
    corner = (float(column) - 0.44, float(row) - 0.44)
    return Rectangle(corner, 0.88, 0.88, fill=False, edgecolor=edge, linestyle=style, linewidth=2.5)


def draw_scene() -> None:
    """A scene that a trained network is sure of: a digit that is there, and one that is not."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        scenes = {split: make_scenes(count, split=split, seed=0) for split, count in COUNTS.items()}
        records = write_scenes(root / "scenes", scenes)
        run = weldon.train(root / "scenes", out=root / "run", progress=False, pool="weldon", **SCHEDULE)
        model = weldon.load(run.path)
        shown = [r for r in records if r.split == "test" and CLASSES[0] in r.labels][:40]
        results = [model.predict(record.path) for record in shown]
        best = max(results, key=lambda result: result.scores[CLASSES[0]] - result.scores[CLASSES[1]])
        evidence_figure(best, CLASSES, regions=3, side=300).save(IMAGES / "idea-evidence.png", optimize=True)


if __name__ == "__main__":
    draw_poolings()
    draw_scene()
