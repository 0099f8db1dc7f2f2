"""One pass over the images of a split: the scores of prediction, the labels of the table."""

from __future__ import annotations

import pytest
import torch

from report.conftest import AWKWARD, BROKEN, COUNTS
from weldon.errors import UsageError
from weldon.inference import load
from weldon.report.scored_split import score_split


def test_scores_are_those_of_prediction(split, run):
    predictor = load(run.path, device="cpu")
    for row, record in enumerate(split.records[:3]):
        said = predictor.predict_one(record.path).scores
        torch.testing.assert_close(split.scores[row], torch.tensor([said[name] for name in split.classes]))


def test_every_image_that_can_be_read_is_scored_once_and_the_broken_one_is_named(split):
    names = [record.file_name for record in split.records]
    assert len(set(names)) == len(names) == COUNTS["val"] - 1
    assert split.scores.shape == (COUNTS["val"] - 1, len(split.classes))
    assert [record.file_name for record in split.left_out] == [BROKEN]


def test_labels_are_those_of_the_table(split):
    present, known = split.labels
    assert known.all()
    named = [{split.classes[c] for c in row.nonzero().flatten().tolist()} for row in present]
    assert named == [set(record.labels) for record in split.records]
    assert AWKWARD in set().union(*named)


def test_thresholds_are_those_of_the_run(split):
    assert split.thresholds.tolist() == pytest.approx([split.decision.thresholds[n] for n in split.classes])
    assert len(set(split.thresholds.tolist())) > 1


def test_training_images_are_those_that_taught_the_network(split):
    assert len(split.training_records) == COUNTS["train"]
    assert {record.split for record in split.training_records} == {"train"}
    assert split.noun == "images"


def test_a_split_without_images_is_refused(run):
    with pytest.raises(UsageError, match="nowhere"):
        score_split(run, "nowhere")
