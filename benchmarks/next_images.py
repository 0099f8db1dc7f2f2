"""What to label next, on VOC 2007: mAP of val over labelled images, ``weldon next`` against chance.

python benchmarks/next_images.py              # minutes on one core once the maps are cached; resumes
python benchmarks/next_images.py --held-back  # the same on a held-back part of train
python benchmarks/next_images.py --draw       # docs/images/next.svg from the results
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from planted_errors import Photographs, read_photographs
from provenance import read_results, write_results
from weldon.metrics import average_precision
from weldon.review.cross_fit import cross_fit, fresh_head
from weldon.review.noise_rates import noise_rates
from weldon.review.variety import far_apart, pooled_features, uncertainty
from weldon.training.head_search import usual_batch_size
from weldon.training.heads import Heads, fit_heads, score_heads

START, STEP, END = 100, 100, 600  # labelled images
SEEDS = (0, 1, 2)
EPOCHS = 20
HELD = 900  # training images that are measured in place of val
FOLDS = 3  # of the heads that say how far probabilities can be trusted
PLAIN = "uncertainty of plain scores times variety"
SCALED = ("uncertainty times variety", "uncertainty alone")
RULES = ("uncertainty times variety", "chance", "uncertainty alone", "variety alone", PLAIN)
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "next.svg"


def main() -> None:
    done = read_results("next_images")
    photographs, where = read_photographs(), ""
    if "--held-back" in sys.argv:
        photographs, where = held_back(photographs), "held back, "
    pooled = pooled_features(photographs.train)
    for seed in SEEDS:
        for rule in RULES:
            key = f"{where}{rule}, seed {seed}"
            if key not in done:
                done[key] = curve(photographs, pooled, rule, seed)
                print(key, done[key], flush=True)
                write_results("next_images", done)


def held_back(photographs: Photographs) -> Photographs:
    """Return train alone, a part of it in place of val: rules are tried there, val is looked at once."""
    train = photographs.train.records
    measured = set(np.random.default_rng(99).permutation(len(train))[:HELD].tolist())
    records = [replace(r, split="val" if n in measured else "train") for n, r in enumerate(train)]
    return replace(photographs, records=tuple(records))


def curve(photographs: Photographs, pooled: NDArray[np.float32], rule: str, seed: int) -> dict[str, float]:
    """Return mAP on val for each number of labelled images; all rules of a seed start from the same ones."""
    random = np.random.default_rng(seed)
    labelled = random.permutation(len(pooled))[:START].tolist()
    reached = {}
    while True:
        heads = fitted(photographs, labelled, seed)
        reached[str(len(labelled))] = measured(photographs, heads)
        if len(labelled) >= END:
            return reached
        free = sorted(set(range(len(pooled))) - set(labelled))
        scores = score_heads(heads, photographs.train, free)[0]
        scale = trusted(photographs, labelled, seed) if rule in SCALED else 1.0
        chances = (scores.double() * scale).sigmoid()
        labelled += chosen(rule, pooled, labelled, free, chances, random=random)


def trusted(photographs: Photographs, labelled: list[int], seed: int) -> float:
    """Return what scores are worth as log odds: the labelled images say so, by heads that had not seen them.

    A run finds it on its validation images; here none are labelled beside those it learns from.
    """
    dataset = photographs.dataset([photographs.train.records[place] for place in labelled])
    size, objective = usual_batch_size(len(labelled)), photographs.objective(dataset)
    fit = cross_fit(
        photographs.net,
        dataset,
        objective,
        photographs.setting,
        epochs=EPOCHS,
        batch_size=size,
        folds=FOLDS,
        seed=seed,
    )
    return noise_rates(fit.scores.double(), dataset.target > 0, dataset.known).scale


def chosen(
    rule: str,
    pooled: NDArray[np.float32],
    labelled: list[int],
    free: list[int],
    chances: Tensor,
    *,
    random: np.random.Generator,
) -> list[int]:
    unsure = uncertainty(chances, "multilabel").numpy()
    if rule == "chance":
        return random.choice(free, STEP, replace=False).tolist()
    if rule == "uncertainty alone":
        return [free[place] for place in np.argsort(-unsure, kind="stable")[:STEP]]
    weight = np.ones_like(unsure) if rule == "variety alone" else unsure
    return [free[pick.place] for pick in far_apart(pooled[free], pooled[labelled], weight, STEP)]


def fitted(photographs: Photographs, labelled: list[int], seed: int) -> Heads:
    torch.manual_seed(seed)
    heads = Heads(fresh_head(photographs.net), [photographs.setting])
    size, objective = usual_batch_size(len(labelled)), photographs.objective(photographs.train)
    fit_heads(heads, photographs.train, labelled, [objective], epochs=EPOCHS, batch_size=size, seed=seed)
    return heads


def measured(photographs: Photographs, heads: Heads) -> float:
    val = photographs.val
    scores = score_heads(heads, val, range(len(val)))[0]
    return float(average_precision(scores, val.target, val.known).nanmean())


def draw() -> None:
    """Draw the mean of the seeds and their range."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    results = read_results("next_images")
    plt.rcParams |= {"svg.fonttype": "none", "font.size": 10, "svg.hashsalt": "next"}
    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    for rule, colour, style in zip(
        RULES[:4], ("#009e73", "#555555", "#d55e00", "#0072b2"), ("-", "--", ":", "-."), strict=True
    ):
        curves = [results[f"{rule}, seed {seed}"] for seed in SEEDS if f"{rule}, seed {seed}" in results]
        counts = [int(number) for number in curves[0]]
        points = [[100 * one[str(number)] for one in curves] for number in counts]
        axes.plot(counts, [statistics.mean(point) for point in points], style, color=colour, label=rule)
        lows, highs = [min(point) for point in points], [max(point) for point in points]
        axes.fill_between(counts, lows, highs, color=colour, alpha=0.12, linewidth=0)
    axes.set(xlabel="labelled images", ylabel="mAP on val, %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    draw() if "--draw" in sys.argv else main()
