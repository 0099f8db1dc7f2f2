import csv

import pytest
import torch

from weldon.report.class_rows import class_rows, confusion_shares, label_cooccurrence, list_pairs, mean_ap
from weldon.report.decisions import decide
from weldon.training.scoring import ScoredSet, per_class_rows


def rows_of(split):
    decisions = decide(split.scores, *split.labels, thresholds=split.thresholds, task=split.decision.task)
    return class_rows(decisions, split.classes, split.thresholds)


def test_figures_are_those_training_writes_for_the_same_images(split):
    scored = ScoredSet(split.scores, *split.labels, torch.arange(len(split.records)), 1.0)
    theirs = per_class_rows(scored, split.classes, split.decision.thresholds)
    for ours, other in zip(rows_of(split), theirs, strict=True):
        assert (ours.name, ours.positives) == (other["class"], other["positives"])
        for name in ("ap", "threshold", "precision", "recall", "f1"):
            mine = getattr(ours, name)
            assert mine != mine or mine == pytest.approx(other[name], abs=1e-6)


def test_only_the_file_that_broke_is_left_out(split, run):
    assert [record.file_name for record in split.left_out] == ["val/00003.png"]
    with (run.report / "per_class.csv").open() as file:
        before = sum(int(row["positives"]) for row in csv.DictReader(file))
    assert sum(row.positives for row in rows_of(split)) == before - len(split.left_out[0].labels)


def test_mean_leaves_out_classes_without_positives(split):
    measured = [row.ap for row in rows_of(split) if row.positives]
    assert mean_ap(rows_of(split)) == pytest.approx(sum(measured) / len(measured))


def test_cooccurrence_counts_only_images_where_the_other_class_is_known():
    target = torch.tensor([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    known = torch.tensor([[True, True], [True, True], [True, False]])
    assert label_cooccurrence(target, known)[0].tolist() == [1.0, 0.5]


def test_cooccurrence_of_a_class_without_images_is_unknown():
    shares = label_cooccurrence(torch.tensor([[1.0, 0.0]]), torch.ones(1, 2, dtype=torch.bool))
    assert shares[1].isnan().all()


def test_confusion_rows_add_up_to_one():
    target = torch.eye(3)[[0, 0, 1, 2]]
    shares = confusion_shares(target, torch.eye(3, dtype=torch.bool)[[0, 1, 1, 0]])
    assert shares.tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]


def test_pairs_are_the_highest_off_the_diagonal():
    shares = torch.tensor([[1.0, 0.2, 0.0], [0.7, 1.0, float("nan")], [0.0, 0.0, 1.0]])
    found = [(row, column) for row, column, _ in list_pairs(shares, torch.tensor([9, 9, 9]), "abc", limit=5)]
    assert found == [("b", "a"), ("a", "b")]


def test_one_picture_makes_no_pair():
    shares = torch.tensor([[1.0, 1.0], [0.1, 1.0]])
    found = list_pairs(shares, torch.tensor([1, 10]), ["rare", "common"], limit=5)
    assert [(row, column) for row, column, _ in found] == [("common", "rare")]
