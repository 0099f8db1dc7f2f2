"""What a child runs: a verb of the command line, or a reader of the Python interface."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def import_everything() -> None:
    """Import what the verbs import, so that a forked child begins at once."""
    import torch

    torch.set_num_threads(1)


def run(arguments: Sequence[str]) -> int:
    """Run a verb, or a reader whose name begins with ``@``, and return the exit status."""
    from weldon.cli import main
    from weldon.cli.leaving import run_command

    if arguments[0] in READERS:
        return run_command(lambda: print(json.dumps(READERS[arguments[0]](*arguments[1:]))))
    try:
        main(list(arguments))
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(bool(left.code))
    return 0


def _records(data: str, labels: str) -> dict[str, Any]:
    from weldon.data import read_labels

    found = read_labels(data, labels)
    return {
        "values": {
            record.file_name: {name: _truth(name, record) for name in found.classes} | {"split": record.split}
            for record in found.records
        },
        "told": list(found.notes),
    }


def _truth(name: str, record: Any) -> bool | None:
    return None if name in record.unknown else name in record.labels


def _annotations(path: str) -> dict[str, Any]:
    from weldon.data.truth import read_annotations

    return _boxes(read_annotations(Path(path)))


def _yolo(path: str) -> dict[str, Any]:
    from weldon.data.yolo import read_yolo

    return _boxes(read_yolo(path))


def _boxes(found: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for image in found.images:
        edges = {
            f"{box.label} {number}": [box.x1, box.y1, box.x2, box.y2]
            for number, box in enumerate(image.boxes)
        }
        values[image.file_name] = edges
    return {"values": values, "told": list(found.notes)}


def _shards(path: str) -> dict[str, Any]:
    from weldon.data.shard_stream import ShardImages
    from weldon.data.shards import read_index

    index = read_index(path)
    return {
        "values": {split: {"images": count} for split, (count, _) in index.splits.items()},
        "told": [],
        "loader": ShardImages.__name__,
    }


READERS = {"@records": _records, "@annotations": _annotations, "@yolo": _yolo, "@shards": _shards}
