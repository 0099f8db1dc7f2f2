"""The files of predictions of bags hold what the results say, to the last instance."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from weldon.errors import DataError, UsageError
from weldon.inference import Decision
from weldon.inference.bag_predictor import BagResult
from weldon.inference.bag_writer import bag_record, instance_rows, long_rows, wide_rows, write_bag_predictions
from weldon.structured import BagEvidence

CLASSES = ("cat", "dög")


@pytest.fixture
def result() -> BagResult:
    """Three instances; cat (3 - 1) / 2 = 1 by its best and its worst, dög -1 by its mean."""
    scores = np.array([[3.0, -1.0], [0.5, -2.0], [-1.0, 0.0]])
    positive = np.array([[0.5, 1 / 3], [0.0, 1 / 3], [0.0, 1 / 3]])
    negative = np.array([[0.0, 0.0], [0.0, 0.0], [0.5, 0.0]])
    evidence = BagEvidence(CLASSES, np.array([1.0, -1.0]), scores, positive, negative)
    return BagResult("slide 1", ["0,0", "0,1", "1,0"], Decision(CLASSES, "multilabel", {}), evidence)


def read(path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_row_a_class_by_hand(result):
    assert long_rows(result) == [
        ["slide 1", "cat", "1.000000", "0.731059", "1"],
        ["slide 1", "dög", "-1.000000", "0.268941", "0"],
    ]


def test_a_row_a_bag_joins_its_labels(result):
    both = BagResult("b", result.instances, Decision(CLASSES, "multilabel", {"dög": -2.0}), result.evidence)
    assert wide_rows(result) == [["slide 1", "cat", "0.731059", "0.268941"]]
    assert wide_rows(both)[0][1] == "cat|dög"


def test_every_instance_has_its_own_row(result):
    rows = instance_rows(result)
    assert [row[1] for row in rows] == ["0,0", "0,1", "1,0"]
    assert rows[1] == ["slide 1", "0,1", "0.500000", "-2.000000"]


def test_evidence_of_the_predicted_class_adds_up_by_name_of_instance(result):
    record = bag_record(result)
    assert (record["instances"], record["labels"], list(record["evidence"])) == (3, ["cat"], ["cat"])
    evidence = record["evidence"]["cat"]
    assert evidence["top"] == [{"instance": "0,0", "score": 3.0, "weight": 0.5, "contribution": 1.5}]
    assert evidence["low"] == [{"instance": "1,0", "score": -1.0, "weight": 0.5, "contribution": -0.5}]
    assert (evidence["top_sum"], evidence["low_sum"], evidence["remainder"]) == (1.5, -0.5, 0.0)


@pytest.mark.parametrize(
    ("wide", "header", "rows"),
    [
        (False, ["bag", "class", "score", "probability", "predicted"], 4),
        (True, ["bag", "labels", "cat", "dög"], 2),
    ],
)
def test_three_files_are_written_in_the_order_of_the_results(result, tmp_path, wide, header, rows):
    second = BagResult("slide 2", ["0", "1", "2"], result.decision, result.evidence)
    write_bag_predictions(tmp_path / "out", [result, second], CLASSES, wide=wide)
    table = read(tmp_path / "out" / "predictions.csv")
    assert (table[0], len(table)) == (header, 1 + rows)
    assert [row[0] for row in read(tmp_path / "out" / "instances.csv")] == [
        "bag",
        *["slide 1"] * 3,
        *["slide 2"] * 3,
    ]
    lines = (tmp_path / "out" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["bag"] for line in lines] == ["slide 1", "slide 2"]
    assert "dög" in lines[0]


def test_a_bag_that_fails_leaves_the_files_that_were_there(result, tmp_path):
    write_bag_predictions(tmp_path, [result], CLASSES)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def results():
        yield result
        raise DataError("the second bag cannot be read")

    with pytest.raises(DataError, match="second bag"):
        write_bag_predictions(tmp_path, results(), CLASSES, overwrite=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_names_with_any_characters_stay_in_their_cell(result, tmp_path):
    names = ["/data/a,b.svs", "../x", 'say "so"', "two\nlines", "\udcff"]
    results = [BagResult(name, result.instances, result.decision, result.evidence) for name in names]
    write_bag_predictions(tmp_path / "out", results, CLASSES, wide=True)
    with (tmp_path / "out" / "predictions.csv").open(newline="", errors="surrogateescape") as file:
        assert [row[0] for row in csv.reader(file)][1:] == names
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "instances.csv",
        "out",
        "predictions.csv",
        "predictions.jsonl",
    ]


def test_what_is_there_is_only_replaced_on_request(result, tmp_path):
    write_bag_predictions(tmp_path, [result], CLASSES)
    with pytest.raises(UsageError, match="empty or new folder"):
        write_bag_predictions(tmp_path, [], CLASSES)
    assert len(read(tmp_path / "predictions.csv")) == 3
    write_bag_predictions(tmp_path, [], CLASSES, overwrite=True)
    assert len(read(tmp_path / "predictions.csv")) == 1
