"""Rules of Table 1 on generated bags whose instances are known: ten folds, accuracy and instance AUC.

python benchmarks/structured_mil.py                # two minutes on a quiet core

Bags hold handwritten digits of scikit-learn. "presence": a bag is positive when it has a 0. "unless": when it
has a 0 and no 4. Every rule has the same options, none is tuned.
"""

from __future__ import annotations

import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from provenance import spread, write_results
from weldon.structured import BagDataset, NegativeEvidenceClassifier

BAGS, SIZE, FOLDS, FOR, AGAINST = 200, 5, 10, 0, 4
RULES: dict[str, dict] = {
    "LSSVM": {"pool": "lssvm"},
    "HCRF / MSSVM": {"pool": "hcrf"},
    "GAP": {"pool": "gap"},
    "ε-framework, β = 5": {"pool": "epsilon", "pool_options": {"beta": 5.0}},
    "MANTRA": {"pool": "mantra"},
    "WELDON, k = 2": {"pool": "weldon", "k_max": 2, "k_min": 2},
}
OPTIONS = {
    "solver": "stochastic",
    "max_iter": 40,
    "learning_rate": 0.05,
    "weight_decay": 0.01,
    "random_state": 0,
}


def main() -> None:
    started, results = time.perf_counter(), {}
    for task in ("presence", "unless"):
        bags, digits, labels = make_bags(task)
        results[task] = {"mean features, linear SVM": cross_validate_means(bags, labels)}
        for rule, options in RULES.items():
            results[task][rule] = cross_validate(options, bags, digits, labels)
        for name, row in results[task].items():
            auc = f"{spread(row['instance_auc'])}" if "instance_auc" in row else ""
            print(f"{task:9} {name:26} {spread(row['accuracy']):14} {auc}", flush=True)
    seconds = time.perf_counter() - started
    write_results("structured_mil", {"bags": BAGS, "size": SIZE, "seconds": seconds, "tasks": results})


def make_bags(task: str) -> tuple[BagDataset, np.ndarray, np.ndarray]:
    """Bags, the digits in them ``(N, R)``, and their labels; half are positive, no picture is used twice."""
    random = np.random.default_rng(0)
    pictures, digits = load_digits(return_X_y=True)
    places = {name: np.flatnonzero(digits == name) for name in (FOR, AGAINST)}
    others = np.flatnonzero((digits != FOR) & (digits != AGAINST))
    chosen = random.permutation(others)[: BAGS * SIZE].reshape(BAGS, SIZE)
    positive = np.arange(BAGS) % 2 == 0
    spoilt = np.arange(BAGS) % 4 == 1 if task == "unless" else np.zeros(BAGS, dtype=bool)
    has = positive | spoilt
    chosen[has, 0] = random.permutation(places[FOR])[: has.sum()]
    chosen[spoilt, 1] = random.permutation(places[AGAINST])[: spoilt.sum()]
    values = pictures[chosen.ravel()] / 4  # (N·R, F)
    return BagDataset(values, np.arange(BAGS + 1) * SIZE), digits[chosen], positive.astype(int)


def folds(labels: np.ndarray):
    return StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels)


def cross_validate(
    options: dict, bags: BagDataset, digits: np.ndarray, labels: np.ndarray
) -> dict[str, list]:
    accuracy, area = [], []
    for train, test in folds(labels):
        model = NegativeEvidenceClassifier(**options, **OPTIONS).fit(bags[train], labels[train])
        accuracy.append(float(model.score(bags[test], labels[test])))
        scores = np.concatenate(model.instance_scores(bags[test]))[:, 0]
        area.append(float(roc_auc_score(digits[test].ravel() == FOR, scores)))
    return {"accuracy": accuracy, "instance_auc": area}


def cross_validate_means(bags: BagDataset, labels: np.ndarray) -> dict[str, list]:
    means = np.stack([bag.mean(axis=0) for bag in bags])
    return {
        "accuracy": [
            float(
                LinearSVC(random_state=0, max_iter=20_000)
                .fit(means[train], labels[train])
                .score(means[test], labels[test])
            )
            for train, test in folds(labels)
        ]
    }


if __name__ == "__main__":
    main()
