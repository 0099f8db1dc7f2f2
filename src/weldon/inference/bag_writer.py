"""The folder of predictions of bags: tables and records, written as the results come."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from weldon.inference.bag_predictor import BagResult
from weldon.inference.output import rounded_values
from weldon.inference.write import check_output, growing_text
from weldon.structured import Instance

COLUMNS = ("bag", "class", "score", "probability", "predicted")


def write_bag_predictions(
    out: Path,
    results: Iterable[BagResult],
    classes: tuple[str, ...],
    *,
    wide: bool = False,
    overwrite: bool = False,
) -> None:
    """Write ``predictions.csv``, ``predictions.jsonl`` and ``instances.csv``: every instance's scores.

    They stand there once all bags are through; where one fails, the folder keeps what it had.

    Args:
        out: the folder; it must be empty or missing unless ``overwrite``.
        results: of the bags.
        classes: C names, in the order of the network's outputs.
        wide: a row a bag in ``predictions.csv``, with a probability a class, not a row a bag and class.
        overwrite: replace files of the same name in a folder that is not empty.

    Raises:
        UsageError: the folder is not empty.
    """
    check_output(out, overwrite=overwrite)
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        names = ("predictions.csv", "instances.csv", "predictions.jsonl")
        opened = [files.enter_context(growing_text(out / name)) for name in names]
        table, regions = (csv.writer(file, lineterminator="\n") for file in opened[:2])
        table.writerow(("bag", "labels", *classes) if wide else COLUMNS)
        regions.writerow(("bag", "instance", *classes))
        for result in results:
            table.writerows(wide_rows(result) if wide else long_rows(result))
            regions.writerows(instance_rows(result))
            opened[2].write(json.dumps(bag_record(result), ensure_ascii=False) + "\n")


def long_rows(result: BagResult) -> list[list[str]]:
    """Return a row a class, in :data:`COLUMNS`."""
    scores, chances, labels = result.scores, result.probabilities, result.labels
    return [
        [result.name, name, f"{scores[name]:.6f}", f"{chances[name]:.6f}", str(int(name in labels))]
        for name in result.decision.classes
    ]


def wide_rows(result: BagResult) -> list[list[str]]:
    """Return the one row of the bag: labels joined by ``|``, best first, and a probability a class."""
    return [
        [result.name, "|".join(result.labels), *(f"{chance:.6f}" for chance in result.probabilities.values())]
    ]


def instance_rows(result: BagResult) -> list[list[str]]:
    """Return a row an instance: its score for each class."""
    return [
        [result.name, instance, *(f"{score:.6f}" for score in row)]
        for instance, row in zip(result.instances, result.evidence.instance_scores, strict=True)
    ]


def bag_record(result: BagResult) -> dict[str, Any]:
    """Return everything about a bag as plain values, with the evidence of the classes it shows."""
    record: dict[str, Any] = rounded_values(
        {
            "bag": result.name,
            "instances": len(result.instances),
            "labels": result.labels,
            "scores": result.scores,
            "probabilities": result.probabilities,
            "evidence": {name: evidence_record(result, name) for name in result.shown},
        }
    )
    return record


def evidence_record(result: BagResult, class_name: str) -> dict[str, Any]:
    """Return how the score of a class came about: ``score = top_sum + low_sum + remainder``."""
    found = result.evidence
    top, low = (
        [_instance(result, one) for one in side] for side in (found.top(class_name), found.low(class_name))
    )
    return {
        "score": found.score(class_name),
        "top": top,
        "low": low,
        "top_sum": sum(one["contribution"] for one in top),
        "low_sum": sum(one["contribution"] for one in low),
        "remainder": found.remainder(class_name),
    }


def _instance(result: BagResult, one: Instance) -> dict[str, Any]:
    return {
        "instance": result.instances[one.index],
        "score": one.score,
        "weight": one.weight,
        "contribution": one.contribution,
    }
