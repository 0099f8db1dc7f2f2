"""VOC 2007, frozen: what the search of the default command reaches with each loss, by number of images.

The search is the product's own (rate, decay, k, loss; held-back parts of the training images choose). The
best setting of each loss then learns from all training images of the part, and val is looked at once.

python benchmarks/loss_search.py --cache DIR [--images 250 500 2500] [--seeds 0]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from provenance import commit, read_results, write_results
from voc2007 import Experiment, open_experiment, part_of, subset
from weldon.losses import Objective
from weldon.metrics import average_precision
from weldon.runs.recipe_file import build_recipe
from weldon.training.frozen_head import COUNTS, EPOCHS
from weldon.training.head_search import HeadSearch, usual_batch_size
from weldon.training.heads import Heads, fit_heads, score_heads
from weldon.training.run_loss import build_objective

LOSSES = ("logistic", "ap")


def measure(experiment: Experiment, images: int, seed: int) -> dict[str, Any]:
    """Return held-back and val mAP of the best setting of each loss."""
    part = part_of(experiment.train, subset(len(experiment.train), images, seed))
    made: dict[str, Callable[[], Objective]] = {
        name: partial(
            build_objective, build_recipe({"data": ".", "loss": name}), "multilabel", part.target, part.known
        )
        for name in LOSSES
    }
    search = HeadSearch(
        experiment.net,
        part,
        made["logistic"],
        one_label=False,
        seed=seed,
        counts=COUNTS,
        losses={"ap": made["ap"]},
    )
    found = search.run()
    best = [next(trial for trial in found.trials if trial.setting.loss == name) for name in (None, "ap")]
    torch.manual_seed(seed)
    heads = Heads(experiment.net, [trial.setting for trial in best])
    size, objectives = usual_batch_size(len(part)), search.objectives_of([trial.setting for trial in best])
    fit_heads(heads, part, range(len(part)), objectives, epochs=EPOCHS, batch_size=size, seed=seed)
    val = experiment.val
    return {
        name: {
            "held_back": trial.figure,
            "map": float(average_precision(scores, val.target, val.known).nanmean()),
            "setting": asdict(trial.setting),
        }
        for name, trial, scores in zip(LOSSES, best, score_heads(heads, val, range(len(val))), strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[250, 500, 2500], help="training images")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--cache", type=Path, help="folder of the cached maps")
    options = parser.parse_args()
    experiment = open_experiment(options.cache)
    results = read_results("loss_search")
    for images in options.images:
        for seed in options.seeds:
            found = {**measure(experiment, images, seed), "commit": commit()}
            results[f"{images} images, seed {seed}"] = found
            print(images, seed, {name: round(100 * found[name]["map"], 2) for name in LOSSES}, flush=True)
            write_results("loss_search", results)


if __name__ == "__main__":
    main()
