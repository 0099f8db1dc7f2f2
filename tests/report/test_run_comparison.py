"""Runs side by side on the images they share: figures and changes that a reader counts by hand."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from weldon.data import Record
from weldon.errors import DataError, UsageError
from weldon.evaluation.selection import MeasuredImages
from weldon.inference.decision import Decision
from weldon.report import run_comparison
from weldon.report.compare_page import difference, different_options, figures
from weldon.report.run_comparison import Change, changed_answers, compare_runs, compare_splits
from weldon.report.scored_split import PlannedSplit, ScoredSplit
from weldon.runs.run_directory import RunDirectory


def split(name, scores, records, classes=("cat", "dog"), *, noun="images", task="multilabel", **options):
    values = torch.tensor(scores)
    return ScoredSplit(
        RunDirectory(Path("/runs") / name),
        "val",
        SimpleNamespace(inputs=SimpleNamespace(noun=noun)),
        Decision(classes, task, dict.fromkeys(classes, 0.0)),
        tuple(records),
        SimpleNamespace(model_dump=lambda mode: options),
        None,
        values,
    )


def record(name, *labels, unknown=()):
    return Record(Path(f"/{name}.jpg"), f"{name}.jpg", frozenset(labels), frozenset(unknown))


A, B, C = record("a", "cat"), record("b", "dog"), record("c")


def test_runs_are_measured_on_the_images_that_all_of_them_have():
    first = split("one", [[1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]], [A, B, C])
    second = split("two", [[-1.0, -1.0], [-2.0, 3.0]], [C, B])
    compared = compare_splits([first, second], draws=5)
    assert compared.file_names == ["b.jpg", "c.jpg"]
    assert [side.decided.scores.tolist() for side in compared.sides] == [
        [[1.0, 1.0], [-1.0, -1.0]],
        [[-2.0, 3.0], [-1.0, -1.0]],
    ]
    assert compared.positives == [0, 1]
    assert "2 images that all runs have" in compared.notes[0]
    assert "3 of one, 2 of two" in compared.notes[0]


def test_an_answer_that_changed_is_now_right_wrong_or_nobody_knows():
    known = [A, record("b", "dog", unknown=["cat"])]
    first = split("one", [[-1.0, 1.0], [-1.0, 1.0]], known)
    second = split("two", [[1.0, 1.0], [1.0, -1.0]], known)
    old, new = (side.decided for side in compare_splits([first, second], draws=2).sides)
    assert changed_answers(old, new) == [
        Change(0, 0, now=True, right=True),
        Change(1, 0, now=True, right=None),
        Change(1, 1, now=False, right=False),
    ]


def test_labels_that_the_tables_give_differently_are_left_out():
    first = split("one", [[1.0, -1.0], [1.0, 1.0]], [A, B])
    second = split("two", [[1.0, -1.0], [1.0, 1.0]], [record("a", "dog"), B])
    compared = compare_splits([first, second], draws=2)
    assert compared.sides[0].decided.known.tolist() == [[False, False], [True, True]]
    assert compared.notes == ("2 labels differ between the tables of the runs: left out, as unknown",)


def test_one_label_that_differs_is_told_in_the_singular():
    other = record("a", "cat", "dog") if A.labels == {"cat"} else record("a", "cat")
    compared = compare_splits(
        [split("one", [[1.0, -1.0]], [A]), split("two", [[1.0, -1.0]], [other])], draws=2
    )
    assert compared.notes == ("1 label differs between the tables of the runs: left out, as unknown",)


def test_a_label_that_one_table_leaves_open_is_taken_from_the_other():
    open_ = record("a", unknown=["cat"])
    compared = compare_splits([split("one", [[1.0, 1.0]], [open_]), split("two", [[1.0, 1.0]], [A])], draws=2)
    assert compared.sides[0].decided.known.tolist() == [[True, True]]
    assert compared.sides[0].decided.target.tolist() == [[1.0, 0.0]]


def test_classes_in_another_order_are_matched_by_name():
    first = split("one", [[1.0, -1.0], [-1.0, 1.0]], [A, B])
    second = split("two", [[-1.0, 1.0], [1.0, -1.0]], [A, B], ("dog", "cat"))
    compared = compare_splits([first, second], draws=2)
    assert torch.equal(compared.sides[0].decided.scores, compared.sides[1].decided.scores)
    assert changed_answers(*(side.decided for side in compared.sides)) == []


def test_equal_runs_gain_nothing_whatever_is_drawn():
    records = [record(str(n), *(["cat"] if n % 3 else [])) for n in range(20)]
    scores = torch.randn(20, 2, generator=torch.Generator().manual_seed(0)).tolist()
    compared = compare_splits([split("one", scores, records), split("two", scores, records)])
    told = figures(compared)
    cat = compared.draws[0, :, 0].numpy()  # no image shows a dog
    assert told["runs"][0]["sd"] == pytest.approx(np.std(cat, ddof=1))
    assert told["runs"][1]["difference"] == {"gain": 0.0, "low": 0.0, "high": 0.0}
    assert told["runs"][1]["per_class"]["cat"]["gain"] == 0.0


def test_an_interval_holds_nine_tenths_of_the_draws():
    told = difference(0.5, torch.arange(101).double())
    assert told == {"gain": 0.5, "low": 5.0, "high": 95.0}


def test_only_options_that_differ_are_listed():
    first = split("one", [[1.0, 1.0]], [A], lr=0.1, pool="weldon", freeze=True, wd=None)
    second = split("two", [[1.0, 1.0]], [A], lr=0.1, pool="max", freeze=False, wd=None)
    assert different_options([first, second]) == {"pool": ["weldon", "max"], "freeze": ["yes", "no"]}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (split("two", [[1.0, 1.0]], [B]), "no images of their split 'val' in common"),
        (split("two", [[1.0, 1.0]], [A], ("cow", "pig")), "know different classes"),
        (split("two", [[1.0, 1.0]], [A], task="multiclass"), "different questions"),
        (split("two", [[1.0, 1.0]], [A], noun="bags"), "different questions"),
    ],
)
def test_runs_that_cannot_be_compared_are_named(other, words):
    with pytest.raises(DataError, match=words) as refused:
        compare_splits([split("one", [[1.0, 1.0]], [A]), other], draws=2)
    assert "one" in str(refused.value)
    assert "two" in str(refused.value)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"records": (B,)}, "no images of their split 'val' in common"),
        ({"classes": ("cow", "pig")}, "know different classes"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused_before_anything_is_scored(monkeypatch, other, words):
    plans = [planned(Path("one")), planned(Path("two"), **other)]
    monkeypatch.setattr(run_comparison, "plan_split", lambda run, split: plans.pop(0))
    monkeypatch.setattr(run_comparison, "score_planned", lambda *_, **__: pytest.fail("it was scored"))
    with pytest.raises(DataError, match=words):
        compare_runs([RunDirectory(Path("one")), RunDirectory(Path("two"))])


def planned(path, records=(A,), classes=("cat", "dog")):
    images = MeasuredImages(records, records, (), path, own=True)
    return PlannedSplit(
        RunDirectory(path), "val", images, Decision(classes, "multilabel", {}), images.measured
    )


def test_thousands_of_classes_of_odd_names_are_refused_at_once():
    plans = [planned(Path(name), classes=tuple(f"{name} {n}\u202e" for n in range(5000))) for name in "ab"]
    before = time.process_time()
    with pytest.raises(DataError, match="know different classes"):
        run_comparison._common_classes(plans, ("a", "b"))
    assert time.process_time() - before < 0.5


def test_one_run_twice_is_refused(tmp_path):
    run = RunDirectory(tmp_path)
    for runs in ([run], [run, RunDirectory(tmp_path / "." / "")]):
        with pytest.raises(UsageError, match="two or more different"):
            compare_runs(runs)
