"""Two runs side by side on the same validation images: figures, and the answers that changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from weldon.errors import DataError
from weldon.metrics import average_precision
from weldon.metrics.bootstrap import resampled_average_precision
from weldon.report.decisions import decide
from weldon.report.run_comparison import DRAWS, Side, changed_answers, difference
from weldon.serve.label_book import LabelBook
from weldon.serve.served_run import ServedRun

LISTED = 200  # changed answers


def compare(old: ServedRun, new: ServedRun, book: LabelBook) -> dict[str, Any]:
    """Return figures of both runs and what they answer differently, as plain values.

    Both are measured against the same labels: those of the table, as corrected by now.

    Args:
        old: the run before.
        new: the run after.
        book: the labels.

    Raises:
        DataError: other classes, or no image that both kept for validation.
    """
    if old.classes != new.classes:
        raise DataError(
            f"{old.name} and {new.name} know other classes and cannot be compared: train with the same ones"
        )
    first, second = old.measured.value(), new.measured.value()
    places = {record.path: place for place, record in enumerate(second.records)}
    pairs = [(n, places[r.path]) for n, r in enumerate(first.records) if r.path in places]
    by_path = {record.path: number for number, record in enumerate(book.images.records)}
    pairs = [(a, b) for a, b in pairs if first.records[a].path in by_path]
    if not pairs:
        raise DataError(
            f"{old.name} and {new.name} have no validation image in common: train again with the same split"
        )
    numbers = [by_path[first.records[a].path] for a, _ in pairs]
    labels = [book.labels(number) for number in numbers]
    sides = [
        _side(run, measured.scores[[pair[which] for pair in pairs]], labels)
        for which, (run, measured) in enumerate(((old, first), (new, second)))
    ]
    return _told(sides, old.classes, numbers, book)


def _side(run: ServedRun, scores: Tensor, labels: Sequence[dict[str, str]]) -> Side:
    states = [[row[name] for name in run.classes] for row in labels]
    target = torch.tensor([[float(state == "present") for state in row] for row in states])
    known = torch.tensor([[state != "unknown" for state in row] for row in states])
    thresholds = torch.tensor([run.predictor.thresholds[name] for name in run.classes])
    decided = decide(scores, target, known, thresholds=thresholds, task=run.predictor.decision.task)
    return Side(run.name, decided, average_precision(scores, target, known))


def _told(
    sides: Sequence[Side], classes: Sequence[str], numbers: Sequence[int], book: LabelBook
) -> dict[str, Any]:
    old, new = sides
    answers = [
        {
            "number": numbers[change.row],
            "file_name": book.images.records[numbers[change.row]].file_name,
            "class": classes[change.column],
            "label": book.label(numbers[change.row], classes[change.column]),
            "now": change.now,
            "right": change.right,
        }
        for change in changed_answers(old.decided, new.decided)
    ]
    return {
        **_differences(old, new, classes),
        "images": len(numbers),
        "old": {"run": old.name, "map": old.mean, "ap": dict(zip(classes, old.ap.tolist(), strict=True))},
        "new": {"run": new.name, "map": new.mean, "ap": dict(zip(classes, new.ap.tolist(), strict=True))},
        "positives": dict(zip(classes, new.decided.present.sum(0).tolist(), strict=True)),
        "changed": len(answers),
        "now_right": sum(answer["right"] is True for answer in answers),
        "now_wrong": sum(answer["right"] is False for answer in answers),
        "answers": sorted(answers, key=lambda answer: answer["right"] is True)[:LISTED],
    }


def _differences(old: Side, new: Side, classes: Sequence[str]) -> dict[str, Any]:
    """Return what the new run gains in mAP and in each class, with the interval of ``weldon compare``."""
    scores = [side.decided.scores for side in (old, new)]
    draws = resampled_average_precision(scores, new.decided.present.float(), new.decided.known, draws=DRAWS)
    gains, means = draws[1] - draws[0], draws.nanmean(2)
    return {
        "draws": DRAWS,
        "difference": difference(new.mean - old.mean, means[1] - means[0]),
        "differences": {
            name: difference(float(new.ap[column] - old.ap[column]), gains[:, column])
            for column, name in enumerate(classes)
        },
    }
