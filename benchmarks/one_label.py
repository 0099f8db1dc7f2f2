"""One label an image: what the search of a frozen run reaches, from its start and that of several labels.

VOC 2007's photographs that show one class only (1,388 of train, 1,419 of val), 20 classes, maps at 448 px on
the 384 strongest directions of the part that learns. The search is the product's own (rate, decay and k,
chosen on held-back parts); the chosen head learns from the whole part for 30 epochs; val is looked at once.

python benchmarks/one_label.py --cache DIR   # resumes
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from provenance import commit, read_results, write_results
from voc2007 import open_experiment, part_of, subset
from weldon.data.public.voc import VOC_CLASSES
from weldon.metrics import topk_accuracy
from weldon.runs.recipe_file import build_recipe
from weldon.training import head_search
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.features.projection import projected, projected_net, strongest_directions
from weldon.training.frozen_head import COUNTS, EPOCHS
from weldon.training.head_search import HeadSearch, usual_batch_size
from weldon.training.heads import Heads, fit_heads, score_heads
from weldon.training.run_loss import build_objective

# Factor on the rate, and divisor of the decay: what a class gets of the loss.
STARTS = {"one label": 1, "several labels": len(VOC_CLASSES)}
RATE, DECAY = head_search.RATE, head_search.DECAY


def of_one_label(dataset: FeatureDataset) -> FeatureDataset:
    only = (dataset.target.sum(1) == 1) & dataset.known.all(1)
    return part_of(dataset, only.nonzero().flatten().tolist())


def measure(net: Any, train: FeatureDataset, val: FeatureDataset, seed: int, start: str) -> dict[str, Any]:
    head_search.RATE, head_search.DECAY = RATE * STARTS[start], DECAY / STARTS[start]
    objective = partial(build_objective, build_recipe({"data": "."}), "multiclass", train.target, train.known)
    found = HeadSearch(net, train, objective, one_label=True, seed=seed, counts=COUNTS).run()
    torch.manual_seed(seed)
    heads = Heads(net, [found.chosen])
    batch = usual_batch_size(len(train))
    fit_heads(heads, train, range(len(train)), [objective()], epochs=EPOCHS, batch_size=batch, seed=seed)
    scores = score_heads(heads, val, range(len(val)))[0]
    return {
        "commit": commit(),
        "chosen": asdict(found.chosen),
        "held back": found.trials[0].figure,
        "accuracy": float(topk_accuracy(scores, val.target.argmax(1))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[300, 1000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--cache", type=Path, help="folder of the cached maps")
    options = parser.parse_args()
    torch.set_num_threads(1)
    experiment = open_experiment(options.cache)
    train, val = of_one_label(experiment.train), of_one_label(experiment.val)
    for images in options.images:
        for seed in options.seeds:
            part = part_of(train, subset(len(train), images, seed))
            directions = strongest_directions(part, range(images), head_search.DIRECTIONS)
            net = projected_net(experiment.net, directions)
            few, all_of_val = (projected(one, range(len(one)), directions) for one in (part, val))
            for start in STARTS:
                results = read_results("one_label")
                key = f"{images} images, seed {seed}, start of {start}"
                if key not in results:
                    results[key] = measure(net, few, all_of_val, seed, start)
                    write_results("one_label", results)
                print(key, results[key], flush=True)


if __name__ == "__main__":
    main()
