"""Find label errors planted in VOC 2007 train, against cleanlab, and mend the first of them.

pip install cleanlab==2.9.0
python benchmarks/suspects.py          # minutes on one core once the maps are cached; resumes
"""

from __future__ import annotations

import numpy as np
import torch
from cleanlab.multilabel_classification import get_label_quality_scores
from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler

from planted_errors import Cells, Photographs, Relabelled, cells, plant, read_photographs
from provenance import read_results, write_results
from weldon.metrics import average_precision
from weldon.review.cross_fit import cross_fit, fresh_head
from weldon.review.noise_rates import noise_rates
from weldon.review.suspect_search import EPOCHS
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.heads import Heads, fit_heads, score_heads

SHARES, SEEDS = (0.02, 0.05, 0.10), (0, 1, 2)
BATCH = 128
Scores = NDArray[np.float64]


def main() -> None:
    done = read_results("suspects")
    photographs = read_photographs()
    pooled = pooled_features(photographs.train)
    for seed in SEEDS:
        for share in SHARES:
            key = f"{share:.2f} seed {seed}"
            if key not in done:
                done[key] = measured(photographs, pooled, share, seed)
                print(key, done[key], flush=True)
                write_results("suspects", done)


def measured(photographs: Photographs, pooled: Scores, share: float, seed: int) -> dict[str, object]:
    dataset, wrong = plant(photographs, share, seed)
    given, known = cells(dataset)
    fit = cross_fit(
        photographs.net,
        dataset,
        photographs.objective(dataset),
        photographs.setting,
        epochs=EPOCHS,
        batch_size=BATCH,
        seed=seed,
    )
    rates = noise_rates(fit.scores.double(), torch.from_numpy(given), torch.from_numpy(known))
    doubts = rates.against(fit.scores.double(), torch.from_numpy(given)).sigmoid().numpy()
    chance = fit.scores.double().sigmoid().numpy()
    usual = usual_probabilities(pooled, given, seed)
    orders = {
        "weldon": doubts,
        "cleanlab, the same probabilities": 1 - per_class(given, chance),
        "cleanlab, logistic regression on pooled features": 1 - per_class(given, usual),
    }
    images = {
        "weldon": np.where(known, doubts, 0).max(1),
        "cleanlab, the same probabilities": 1 - of_images(given, known, chance),
        "cleanlab, logistic regression on pooled features": 1 - of_images(given, known, usual),
    }
    planted = int(wrong.sum())
    return {
        "planted": planted,
        "expected": float(doubts[known].sum()),
        "rates": [rates.missed, rates.added],
        "labels": {name: ranking(order[known], wrong[known]) for name, order in orders.items()},
        "images": {name: ranking(order, wrong.any(1)) for name, order in images.items()},
        "map": mended_maps(photographs, dataset, wrong, orders, seed),
    }


def ranking(doubt: Scores, wrong: Cells) -> dict[str, float]:
    """Return AUROC, and how many of the first are wrong, of as many as there are wrong ones."""
    first = np.argsort(-doubt, kind="stable")[: int(wrong.sum())]
    return {"auroc": float(roc_auc_score(wrong, doubt)), "precision": float(wrong[first].mean())}


def per_class(given: Cells, chance: Scores) -> Scores:
    """Return cleanlab's quality of each label, ``(N, C)``."""
    return get_label_quality_scores_per_class(listed(given), chance)


def of_images(given: Cells, known: Cells, chance: Scores) -> Scores:
    """Return cleanlab's quality of each image's labels; unknown ones are made to agree."""
    return get_label_quality_scores(listed(given), np.where(known, chance, given))


def listed(given: Cells) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in given]


def pooled_features(dataset: FeatureDataset) -> Scores:
    """Return the mean feature of each image, ``(N, F)``, standardised."""
    means = [
        np.asarray(dataset.cached.maps[row], np.float32)[dataset.cached.masks[row]].mean(0)
        for row in dataset.rows
    ]
    return StandardScaler().fit_transform(np.stack(means))


def usual_probabilities(pooled: Scores, given: Cells, seed: int) -> Scores:
    """Return out-of-sample probabilities as in cleanlab's tutorial: a regression a class, five folds."""
    model = LogisticRegression(C=0.01, max_iter=100, tol=1e-3, random_state=seed)
    columns = [
        cross_val_predict(model, pooled, column, cv=5, method="predict_proba")[:, 1] for column in given.T
    ]
    return np.stack(columns, axis=1)


def mended_maps(
    photographs: Photographs, dataset: FeatureDataset, wrong: Cells, orders: dict[str, Scores], seed: int
) -> dict[str, float]:
    """Return mAP on val of heads that learnt from the labels as they are, mended, and without error.

    Mended are those labels that are wrong among the first of an order, of as many as were planted: what a
    person does who looks at them.
    """
    given, known = cells(dataset)
    labels = {"planted": given, "clean": given ^ wrong}
    for name in ("weldon", "cleanlab, the same probabilities"):
        doubt = np.where(known, orders[name], -1)
        first = np.argsort(-doubt.ravel(), kind="stable")[: int(wrong.sum())]
        seen = np.zeros(wrong.size, bool)
        seen[first] = True
        labels[f"mended by {name}"] = given ^ (wrong & seen.reshape(wrong.shape))
    torch.manual_seed(seed)
    heads = Heads(fresh_head(photographs.net), [photographs.setting] * len(labels))
    losses = [Relabelled(photographs.objective(dataset), own) for own in labels.values()]
    fit_heads(heads, dataset, range(len(dataset)), losses, epochs=EPOCHS, batch_size=BATCH, seed=seed)
    val = photographs.val
    scores = score_heads(heads, val, range(len(val)))
    precisions = [float(average_precision(part, val.target, val.known).nanmean()) for part in scores]
    return dict(zip(labels, precisions, strict=True))


if __name__ == "__main__":
    main()
