"""What commands answered, read from the files that they wrote, without the library."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from stress.attempt import Outcome
from stress.judge import Answer
from stress.kind import Place

TABLES = ("splits.csv", "report/per_class.csv", "metrics.csv")
TIMES = ("seconds", "time", "images_per_second")


def text(path: Path) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with a mark, with any line ends."""
    content = path.read_bytes()
    decoded = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    return decoded.replace("\r\n", "\n").replace("\r", "\n")


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text(path))))


def predictions(place: Place, outcomes: Sequence[Outcome]) -> Answer:
    """Return the score of every class for every image or bag, what is predicted, and what was said."""
    values: dict[str, dict[str, Any]] = {}
    for row in table(place.out / "predictions.csv"):
        item = row.get("file_name") or row.get("bag") or ""
        values.setdefault(item, {})[row["class"]] = float(row["score"])
        values.setdefault(f"{item} predicted", {})[row["class"]] = row["predicted"]
    return Answer(values, told(outcomes))


def told(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what was said in words, line by line, without paths of the case."""
    return [line for outcome in outcomes for line in outcome.err.splitlines()]


def figures(place: Place, outcomes: Sequence[Outcome]) -> Answer:
    """Return the figures that ``weldon val --json`` printed last."""
    found = json.loads(outcomes[-1].out)
    values = {f"class {name}": row for name, row in found.pop("per_class").items()}
    return Answer({**values, "all": _plain(found)}, told(outcomes))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if isinstance(value, str | int | float | None)}


def trained(place: Place, outcomes: Sequence[Outcome]) -> Answer:
    """Return the weights and figures of the run that was trained."""
    return Answer({"run": run_values(place.out)}, told(outcomes))


def run_values(run: Path) -> dict[str, Any]:
    """Return all of a run that must be equal to the bit: weights, classes, thresholds, splits, figures."""
    weights = load_file(run / "weights" / "best.safetensors")
    digests = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in weights.items()}
    tables = {name: json.dumps(_untimed(table(run / name))) for name in TABLES}
    words = {
        "classes": text(run / "classes.txt").split(),
        "thresholds": json.loads(text(run / "thresholds.json")),
    }
    return digests | tables | words


def _untimed(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{name: row[name] for name in sorted(row) if name not in TIMES} for row in rows]
