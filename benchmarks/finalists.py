"""What it gains that the best settings of a search learn once more, for as long as the head that is kept.

Parts of VOC 2007's training images, several labels and one label an image, maps at 448 px. The search is the
product's own; the setting that its short trials put first and the one that it chooses learn from the whole
part for 30 epochs, side by side, and val is looked at once.

python benchmarks/finalists.py --cache DIR   # resumes
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from one_label import of_one_label
from provenance import commit, read_results, write_results
from voc2007 import open_experiment, part_of, subset
from weldon.metrics import average_precision, topk_accuracy
from weldon.runs.recipe_file import build_recipe
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.frozen_head import COUNTS, EPOCHS
from weldon.training.head_search import HeadSearch, usual_batch_size
from weldon.training.heads import Heads, fit_heads, score_heads
from weldon.training.run_loss import build_objective

SETS = {"several labels": (250, 500, 1000), "one label": (300, 1000)}


def measure(
    net: Any, train: FeatureDataset, val: FeatureDataset, seed: int, *, one_label: bool
) -> dict[str, Any]:
    task = "multiclass" if one_label else "multilabel"

    def objective(**options: Any) -> Any:
        recipe = build_recipe({"data": ".", **options})
        return partial(build_objective, recipe, task, train.target, train.known)

    losses = {} if one_label else {"ap": objective(loss="ap")}
    search = HeadSearch(
        net,
        train,
        objective(),
        one_label=one_label,
        seed=seed,
        final_epochs=EPOCHS,
        counts=COUNTS,
        losses=losses,
    )
    found = search.run()
    ways = {
        "first of the walk": next(trial for trial in found.trials if trial.epochs != EPOCHS),
        "first of the finalists": found.trials[0],
    }
    torch.manual_seed(seed)
    settings = [trial.setting for trial in ways.values()]
    heads = Heads(net, settings)
    options = {"epochs": EPOCHS, "batch_size": usual_batch_size(len(train)), "seed": seed}
    fit_heads(heads, train, range(len(train)), search.objectives_of(settings), **options)
    told: dict[str, Any] = {"commit": commit()}
    scored = zip(ways, settings, score_heads(heads, val, range(len(val))), strict=True)
    for name, setting, scores in scored:
        figure = (
            topk_accuracy(scores, val.target.argmax(1))
            if one_label
            else average_precision(scores, val.target, val.known).nanmean()
        )
        told[name] = {"val": float(figure), "setting": asdict(setting)}
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--cache", type=Path, help="folder of the cached maps")
    options = parser.parse_args()
    torch.set_num_threads(1)
    experiment = open_experiment(options.cache)
    jobs = [(kind, n, seed) for seed in options.seeds for kind, counts in SETS.items() for n in counts]
    for kind, images, seed in jobs:
        key = f"{kind}, {images} images, seed {seed}"
        results = read_results("finalists")
        if key not in results:
            one = kind == "one label"
            train, val = (of_one_label(s) if one else s for s in (experiment.train, experiment.val))
            part = part_of(train, subset(len(train), images, seed))
            results[key] = measure(experiment.net, part, val, seed, one_label=one)
            write_results("finalists", results)
        print(key, results[key], flush=True)


if __name__ == "__main__":
    main()
