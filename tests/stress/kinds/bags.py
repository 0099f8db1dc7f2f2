"""Bags: tables, Parquet, arrays and their labels, predicted by a run that was trained on whole ones."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save

from stress.answers import predictions
from stress.kind import Kind, Place, printed
from stress.kinds.labels import TABLE
from stress.line_damage import touched_lines
from stress.mutation import ANY_BYTES, WITHOUT_CHECKSUM, Mutator
from stress.world import BAGS, FEATURES, bag, write_bag_table

DAMAGED = 3


def _table(place: Place) -> None:
    write_bag_table(place.files / "bags")


def _parquet(place: Place) -> None:
    parts = [
        pd.DataFrame(bag(number), columns=[f"f{column}" for column in range(FEATURES)]).assign(bag=name)
        for number, name in enumerate(BAGS)
    ]
    pd.concat(parts).to_parquet(place.files / "bags.parquet", index=False)


def _arrays(encode: Callable[[np.ndarray], bytes], ending: str) -> Callable[[Place], None]:
    def plant(place: Place) -> None:
        (place.files / "bags").mkdir()
        for number, name in enumerate(BAGS):
            (place.files / "bags" / f"{name}.{ending}").write_bytes(encode(bag(number)))

    return plant


def _npy(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def _safetensors(values: np.ndarray) -> bytes:
    return save({"features": values})


def _predict(name: str) -> Callable[[Place], list[list[str]]]:
    def commands(place: Place) -> list[list[str]]:
        run, bags = str(place.world / "bagrun"), str(place.files / name)
        return [["predict", run, bags, "--out", str(place.out), "--device", "cpu"]]

    return commands


def _check(place: Place) -> list[list[str]]:
    table, labels = str(place.world / "bags" / "bags.csv"), str(place.files / "bags" / "labels.csv")
    return [["check", table, "--labels", labels, "--json"], ["@bag-records", table, labels]]


def _both(names: Collection[str] | None) -> Collection[str] | None:
    return None if names is None else {item for name in names for item in (name, f"{name} predicted")}


def _in_row(line: str) -> str | None:
    return next((name for name in BAGS if line.startswith(name)), None)


def _rows(before: bytes, after: bytes) -> Collection[str] | None:
    return _both(touched_lines(before, after, _in_row))


def _kind(
    name: str, plant: Any, damaged: str, source: str, mutators: Sequence[Mutator], touched: Any
) -> Kind:
    return Kind(f"bags/{name}", plant, damaged, _predict(source), mutators, predictions, touched=touched)


def _one(before: bytes, after: bytes) -> Collection[str] | None:
    return _both({BAGS[DAMAGED]})


def _labels(before: bytes, after: bytes) -> Collection[str] | None:
    return touched_lines(before, after, _in_row)


KINDS = (
    _kind("csv", _table, "bags/bags.csv", "bags/bags.csv", TABLE, _rows),
    _kind("parquet", _parquet, "bags.parquet", "bags.parquet", ANY_BYTES, lambda before, after: None),
    _kind("npy", _arrays(_npy, "npy"), f"bags/{BAGS[DAMAGED]}.npy", "bags", WITHOUT_CHECKSUM, _one),
    _kind(
        "safetensors",
        _arrays(_safetensors, "safetensors"),
        f"bags/{BAGS[DAMAGED]}.safetensors",
        "bags",
        ANY_BYTES,
        _one,
    ),
    Kind("bags/labels", _table, "bags/labels.csv", _check, TABLE, printed, touched=_labels),
)
