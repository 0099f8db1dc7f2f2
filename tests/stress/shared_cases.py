"""Inputs that real tools write (``shared/cases``, not in the repository), and the commands that read them."""

from __future__ import annotations

import csv
import json

import pytest

from cli.process import run as weldon
from cli.shell import run
from conftest import SHARED

CASES = SHARED / "cases"
TINY = (
    *("--model", "test_resnet", "--weights", "none", "--image-size", "64", "--batch-size", "4"),
    *("--workers", "0", "--device", "cpu", "--epochs", "2"),
)
READ = [
    pytest.mark.data,
    pytest.mark.skipif(not CASES.is_dir(), reason="the folder shared/cases is not here"),
]


def checked(capsys, data, labels=None):
    """Return exit status, report and words of ``weldon check``."""
    named = ("--labels", CASES / labels) if labels else ()
    status, said = run(capsys, "check", CASES / data, *named, "--json")
    return status, json.loads(said.out) if said.out.startswith("{") else {}, said.out + said.err


def counts(report):
    """Return positives and unknown cells of each class."""
    return {part["name"]: (part["positives"], part["unknown"]) for part in report["classes"]}


def train(out, data, *more, options=TINY):
    """Train in a process of its own, and return the run."""
    done = weldon(out.parent, "train", data, *more, *options, "--out", out)
    assert done.code == 0, done.said
    return out


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def scores(capsys, model, source, out):
    """Return the score of every item and class, as ``weldon predict`` writes it; else status and words."""
    status, said = run(capsys, "predict", model, source, "--out", out, "--device", "cpu")
    if status:
        return status, said.err
    return {
        (row.get("file_name") or row["bag"], row["class"]): row["score"]
        for row in table(out / "predictions.csv")
    }
