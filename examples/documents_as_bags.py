"""Documents as bags of sentences: which words speak for a recommendation, and which against it.

python examples/documents_as_bags.py               # seconds on a CPU

The documents are reviews that this file composes. A review recommends the film when it has a sentence of
praise, unless one sentence takes everything back; the others say nothing. Only whole reviews are labelled.
"""

from __future__ import annotations

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from weldon.structured import BagDataset, NegativeEvidenceClassifier

PRAISE = ("a brilliant story", "the acting is wonderful", "a moving and brilliant film", "wonderful pictures")
BLAME = ("still it is boring", "in the end a waste of time", "boring from the middle on", "what a waste")
REST = (
    "the film opened last week",
    "it was made in the north",
    "the director is young",
    "it lasts two hours",
    "the story begins in a harbour",
    "we saw it in a small hall",
)
CLASSES = ("no", "recommended")


def main() -> dict[str, float]:
    train, answers = make_reviews(120, seed=0)
    test, truth = make_reviews(120, seed=1)
    words = CountVectorizer().fit(sentence for review in train for sentence in review)
    accuracy = {}
    for rule in ("lssvm", "mantra"):
        model = NegativeEvidenceClassifier(
            rule, weight_decay=0.003, solver="stochastic", max_iter=100, learning_rate=0.05, random_state=0
        ).fit(bags_of(train, words), answers)
        accuracy[rule] = model.score(bags_of(test, words), truth)
        print(f"{rule:8} accuracy {accuracy[rule]:.3f}")
    names, weights = words.get_feature_names_out(), model.coef_[0]
    order = np.argsort(weights)
    print("words for    :", ", ".join(names[order[:-6:-1]]))
    print("words against:", ", ".join(names[order[:5]]))
    show(model, test, words)
    return accuracy | {word: float(weights[names == word][0]) for word in ("brilliant", "boring")}


def make_reviews(count: int, *, seed: int) -> tuple[list[list[str]], np.ndarray]:
    """Reviews as lists of sentences, and whether each recommends."""
    random = np.random.default_rng(seed)
    reviews, answers = [], []
    for number in range(count):
        sentences = [str(one) for one in random.choice(REST, random.integers(3, 7))]
        kind = number % 3  # praise; praise taken back; nothing
        if kind < 2:
            sentences.append(str(random.choice(PRAISE)))
        if kind == 1:
            sentences.append(str(random.choice(BLAME)))
        random.shuffle(sentences)
        reviews.append(sentences)
        answers.append(CLASSES[int(kind == 0)])
    return reviews, np.array(answers)


def bags_of(reviews: list[list[str]], words: CountVectorizer) -> BagDataset:
    """A sparse row of word counts for each sentence."""
    owner = np.repeat(np.arange(len(reviews)), [len(review) for review in reviews])
    rows = words.transform(sentence for review in reviews for sentence in review).astype(np.float64)
    return BagDataset.from_ids(rows.tocsr(), owner)[0]


def show(model: NegativeEvidenceClassifier, reviews: list[list[str]], words: CountVectorizer) -> None:
    """The sentences that decide a review whose praise is taken back."""
    review = reviews[1]
    found = model.evidence(words.transform(review).astype(np.float64))
    (label,) = found.classes
    print(f"a review of {len(review)} sentences scores {found.score(label):+.2f} for {label!r}:")
    for way, sentences in (("for", found.top(label)), ("against", found.low(label))):
        for one in sentences:
            print(f"  {way:8} {one.contribution:+.2f}  {review[one.index]}")


if __name__ == "__main__":
    main()
