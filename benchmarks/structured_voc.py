"""The estimators on photographs as bags: frozen 320 px maps of VOC 2012 animals, classifier and ranker.

python benchmarks/structured_voc.py                # half an hour on one core; finished rows are kept

As with the network heads, options are chosen by mAP on the held-back fifth of train, and VOC's val is looked
at once with them. A ranker of the whole set leaves nothing to chance, and so has one seed.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import numpy as np
import torch

from provenance import read_results, spread, write_results
from region_bags import LabelledBags, voc_bags
from weldon.metrics import average_precision
from weldon.structured import NegativeEvidenceClassifier, NegativeEvidenceRanker

Options = dict[str, Any]
IMAGE_SIZE, SEEDS, LEAST_POSITIVES = 320, (0, 1, 2), 10
RULES: dict[str, Options] = {
    "WELDON 20 %": {"pool": "weldon", "k_max": 0.2, "k_min": 0.2},
    "MANTRA": {"pool": "mantra"},
}
FIXED: Options = {"solver": "stochastic"}
ESTIMATORS: dict[str, tuple[type, Options]] = {
    "classifier": (NegativeEvidenceClassifier, {"batch_size": 32, "max_iter": 20, "calibration": None}),
    "ranker, batches of 128": (NegativeEvidenceRanker, {"batch_size": 128, "max_iter": 20}),
    "ranker": (NegativeEvidenceRanker, {"batch_size": None, "max_iter": 40}),
}
GRID: dict[str, list[Options]] = {
    name: [{"weight_decay": decay, "learning_rate": rate} for decay, rate in itertools.product(decays, rates)]
    for name, decays, rates in (
        ("classifier", (0.03, 0.1, 0.3), (0.003, 0.01)),
        ("ranker, batches of 128", (0.3, 1.0, 3.0), (0.003, 0.01)),
        ("ranker", (0.3, 1.0, 3.0), (0.01,)),
    )
}


def main() -> None:
    parts, rows = voc_bags(IMAGE_SIZE), read_results("structured_voc")
    for estimator, rule in itertools.product(ESTIMATORS, RULES):
        name = f"{rule}, {estimator}"
        if name not in rows:
            rows[name] = measure(parts, estimator, RULES[rule])
            write_results("structured_voc", rows)
        row = rows[name]
        print(
            f"{name:36} {spread(row['test']):12} train {spread(row['train']):12} {row['chosen']}", flush=True
        )


def measure(parts: dict[str, LabelledBags], estimator: str, rule: Options) -> dict[str, Any]:
    """Choose on the held-back images, then test with every seed."""
    held_back = [
        100 * mean_precision(fit(parts["train"], estimator, {**rule, **setting}, SEEDS[0]), parts["val"], 1)
        for setting in GRID[estimator]
    ]
    chosen = GRID[estimator][int(np.argmax(held_back))]
    row: dict[str, Any] = {"chosen": chosen, "held_back": held_back, "test": [], "train": [], "seconds": []}
    seeds = SEEDS[:1] if ESTIMATORS[estimator][1]["batch_size"] is None else SEEDS
    for seed in seeds:
        started = time.process_time()
        model = fit(parts["train"], estimator, {**rule, **chosen}, seed)
        row["seconds"].append(time.process_time() - started)
        for name in ("test", "train"):
            row[name].append(mean_precision(model, parts[name], LEAST_POSITIVES))
    return row


def fit(train: LabelledBags, estimator: str, options: Options, seed: int) -> Any:
    kind, fixed = ESTIMATORS[estimator]
    return kind(random_state=seed, **FIXED, **fixed, **options).fit(train.bags, train.labels)


def mean_precision(model: Any, part: LabelledBags, least: int) -> float:
    """Mean average precision of the classes with at least so many positives there."""
    scores, labels = torch.from_numpy(model.decision_function(part.bags)), torch.from_numpy(part.labels)
    known = ~torch.isnan(labels)
    counted = (labels == 1).sum(dim=0) >= least
    return float(average_precision(scores, labels.nan_to_num(), known)[counted].mean())


if __name__ == "__main__":
    main()
