"""Two runs side by side: figures and changed answers that a reader counts by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from weldon.data import Record
from weldon.errors import DataError
from weldon.metrics.bootstrap import resampled_average_precision
from weldon.report.run_comparison import difference
from weldon.serve.comparison import compare
from weldon.serve.label_book import LabelBook
from weldon.serve.later import Later
from weldon.serve.run_images import RunImages
from weldon.serve.served_run import Measured

CLASSES = ("cat", "dog")


@dataclass
class FakeRun:
    """A run of which only names, thresholds and validation scores are asked."""

    name: str
    records: tuple[Record, ...]
    scores: torch.Tensor
    classes: tuple[str, ...] = CLASSES
    predictor: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(
            thresholds={"cat": 0.0, "dog": 0.0}, decision=SimpleNamespace(task="multilabel")
        )
    )

    @property
    def measured(self) -> Later[Measured]:
        empty = torch.zeros_like(self.scores)
        return Later(lambda: Measured(self.records, self.scores, empty, empty > 0), "validation")


def records(*labels: set[str]) -> tuple[Record, ...]:
    return tuple(Record(Path(f"/{n}.jpg"), f"{n}.jpg", frozenset(names)) for n, names in enumerate(labels))


@pytest.fixture
def images() -> tuple[Record, ...]:
    return records({"cat"}, {"dog"}, {"cat", "dog"}, set())


@pytest.fixture
def book(images, tmp_path) -> LabelBook:
    return LabelBook(tmp_path / "corrections.csv", RunImages(images, len(images), CLASSES), CLASSES)


def test_figures_and_changed_answers_are_those_of_a_count_by_hand(images, book):
    old = FakeRun("old", images, torch.tensor([[1.0, -1.0], [2.0, -1.0], [-3.0, 1.0], [-1.0, -1.0]]))
    new = FakeRun("new", images, torch.tensor([[3.0, -1.0], [-2.0, 1.0], [2.0, 1.0], [-1.0, 2.0]]))
    found = compare(old, new, book)
    assert found["images"] == 4
    assert found["positives"] == {"cat": 2, "dog": 2}
    assert found["new"]["ap"]["cat"] == 1.0
    assert found["old"]["ap"]["cat"] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert found["new"]["map"] == pytest.approx((1.0 + found["new"]["ap"]["dog"]) / 2)
    changed = {(answer["file_name"], answer["class"]): answer["right"] for answer in found["answers"]}
    assert changed == {
        ("1.jpg", "cat"): True,
        ("1.jpg", "dog"): True,
        ("2.jpg", "cat"): True,
        ("3.jpg", "dog"): False,
    }
    assert (found["changed"], found["now_right"], found["now_wrong"]) == (4, 3, 1)
    assert found["answers"][0]["right"] is False  # what became wrong is seen first


def test_gains_have_the_interval_that_weldon_compare_gives(images, book):
    generator = torch.Generator().manual_seed(3)
    scores = [torch.randn(4, 2, generator=generator) for _ in range(2)]
    found = compare(FakeRun("old", images, scores[0]), FakeRun("new", images, scores[1]), book)
    target = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    draws = resampled_average_precision(scores, target)
    gain = found["new"]["ap"]["dog"] - found["old"]["ap"]["dog"]
    assert found["differences"]["dog"] == difference(pytest.approx(gain), (draws[1] - draws[0])[:, 1])
    means = draws.nanmean(2)
    assert found["difference"]["low"] == difference(0.0, means[1] - means[0])["low"]
    assert found["draws"] == draws.shape[1]


def test_the_same_answers_twice_gain_nothing_for_sure(images, book):
    scores = torch.tensor([[3.0, 0.0], [2.0, 1.0], [1.0, 0.5], [-1.0, 0.0]])
    found = compare(FakeRun("old", images, scores), FakeRun("new", images, scores), book)
    assert found["difference"] == found["differences"]["cat"] == {"gain": 0.0, "low": 0.0, "high": 0.0}


def test_both_runs_are_measured_against_the_labels_as_corrected(images, book):
    scores = torch.tensor([[3.0, 0.0], [2.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    old = FakeRun("old", images, scores)
    before = compare(old, FakeRun("new", images, scores), book)
    book.correct(1, "cat", "absent", "present")
    book.correct(0, "dog", "absent", "unknown")
    after = compare(old, FakeRun("new", images, scores), book)
    assert (before["old"]["ap"]["cat"], after["old"]["ap"]["cat"]) == (pytest.approx(5 / 6), 1.0)
    assert after["positives"] == {"cat": 3, "dog": 2}


def test_an_answer_about_an_unknown_label_is_neither_right_nor_wrong(images, book):
    book.correct(0, "cat", "present", "unknown")
    old = FakeRun("old", images, torch.ones(4, 2))
    new = FakeRun("new", images, torch.tensor([[-1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]))
    (answer,) = compare(old, new, book)["answers"]
    assert (answer["right"], answer["now"], answer["label"]) == (None, False, "unknown")


def test_only_images_that_both_kept_for_validation_are_compared(images, book):
    old = FakeRun("old", images[:3], torch.ones(3, 2))
    new = FakeRun("new", images[1:][::-1], torch.ones(3, 2))
    assert compare(old, new, book)["images"] == 2


def test_runs_that_cannot_be_compared_say_why(images, book):
    one = FakeRun("one", images[:1], torch.ones(1, 2))
    with pytest.raises(DataError, match="no validation image in common"):
        compare(one, FakeRun("two", images[1:2], torch.ones(1, 2)), book)
    with pytest.raises(DataError, match="other classes"):
        compare(one, FakeRun("two", images[:1], torch.ones(1, 3), ("cat", "dog", "cow")), book)
