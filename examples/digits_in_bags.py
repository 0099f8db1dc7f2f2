"""Digits in bags: learn from "this bag has a 0 and no 4" which picture is which. Seconds on a CPU.

python examples/digits_in_bags.py

Each bag holds handwritten digits of scikit-learn. A bag counts as positive when it has a 0, unless it has a
4 as well: the 4 is evidence against. Max pooling can only look for the 0; max plus min sees both.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from weldon.structured import NegativeEvidenceClassifier

BAG_SIZE = 5
FOR, AGAINST = 0, 4


def main() -> dict[str, float]:
    train, test = make_bags(300, seed=0), make_bags(200, seed=1)
    accuracy = {}
    for rule in ("gap", "lssvm", "mantra"):
        model = NegativeEvidenceClassifier(
            rule, weight_decay=0.01, solver="stochastic", max_iter=40, learning_rate=0.05, random_state=0
        ).fit(train[0], train[2])
        accuracy[rule] = model.score(test[0], test[2])
        print(f"{rule:8} accuracy {accuracy[rule]:.3f}")
    scores = np.concatenate([bag.ravel() for bag in model.instance_scores(test[0])])
    digits = np.concatenate(test[1])
    accuracy["instances"] = roc_auc_score(digits == FOR, scores)
    print(f"a {FOR} told from the rest: AUC {accuracy['instances']:.3f}, though no digit was labelled")
    show(model, test)
    return accuracy


def make_bags(count: int, *, seed: int) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Bags of pictures, the digits in them, and the labels of the bags; train and test share no picture."""
    random = np.random.default_rng(seed)
    pictures, digits = load_digits(return_X_y=True)
    own = np.arange(len(digits)) % 2 == seed % 2
    pictures, digits = pictures[own] / 4, digits[own]
    others = np.flatnonzero((digits != FOR) & (digits != AGAINST))
    bags, contents, labels = [], [], []
    for number in range(count):
        chosen = random.choice(others, BAG_SIZE)
        kind = number % 3  # with a 0; with a 0 and a 4; with neither
        if kind < 2:
            chosen[0] = random.choice(np.flatnonzero(digits == FOR))
        if kind == 1:
            chosen[1] = random.choice(np.flatnonzero(digits == AGAINST))
        bags.append(pictures[chosen])
        contents.append(digits[chosen])
        labels.append(int(kind == 0))
    return bags, contents, np.array(labels)


def show(model: NegativeEvidenceClassifier, data: tuple) -> None:
    """Write one score out as the sum of its parts."""
    bag, digits, _ = (part[1] for part in data)
    found = model.evidence(bag)
    (label,) = found.classes
    print(f"a bag of {digits.tolist()} scores {found.score(label):+.2f}:")
    for way, instances in (("for", found.top(label)), ("against", found.low(label))):
        for one in instances:
            part = f"{one.weight} x {one.score:+.2f} = {one.contribution:+.2f}"
            print(f"  {way:8} the {digits[one.index]}: {part}")


if __name__ == "__main__":
    main()
