"""What a child runs: a verb of the command line, or a reader of the Python interface."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def import_everything() -> None:
    """Import every module of the library and what it needs, so that a forked child begins at once."""
    import importlib
    import pkgutil

    import pyarrow.parquet  # noqa: F401
    import s3fs  # noqa: F401 Lightning looks for it
    import timm  # noqa: F401
    import torch
    import torch.utils.tensorboard

    import weldon

    for module in pkgutil.walk_packages(weldon.__path__, "weldon."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
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

    return _known(read_labels(data, labels))


def _known(found: Any) -> dict[str, Any]:
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
    from weldon.data.formats.yolo import read_yolo

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
    from weldon.data.shards import read_index
    from weldon.data.shards.stream import ShardImages
    from weldon.data.transforms import EvalTransform

    index = read_index(path)
    values: dict[str, Any] = {}
    told = []
    for split in index.splits:
        for item in ShardImages(index, split, EvalTransform(32), shuffle=False):
            if "unreadable" in item:
                told.append(item["unreadable"])
                continue
            target = dict(zip(index.classes, item["target"].tolist(), strict=True))
            values[f"{split} {item['index']}"] = target | {"pixels": float(item["image"].sum())}
    return {"values": values, "told": told}


def _hub(path: str) -> dict[str, Any]:
    import torch

    from weldon.models import load_model

    net = load_model(path)
    with torch.no_grad():
        scores = net(torch.linspace(-1, 1, 3 * 64 * 64).reshape(1, 3, 64, 64))
    return {"values": {"scores": {str(n): score for n, score in enumerate(scores[0].tolist())}}, "told": []}


def _devkit(path: str) -> dict[str, Any]:
    from weldon.data import read_labels

    return _known(read_labels(path))


def _bag_records(bags: str, labels: str) -> dict[str, Any]:
    from weldon.runs.recipe_file import build_recipe
    from weldon.training.inputs.bags import bags_at, read_bag_labels

    source = bags_at(Path(bags), Path(labels))
    assert source is not None
    return _known(read_bag_labels(build_recipe({"data": bags}), source, Path(labels)))


def _write_shards(pictures: str, labels: str, out: str) -> dict[str, Any]:
    from weldon.data import read_labels
    from weldon.data.shards import write_shards

    write_shards(read_labels(pictures, labels), out)
    return {}


READERS: dict[str, Any] = {
    "@records": _records,
    "@annotations": _annotations,
    "@yolo": _yolo,
    "@shards": _shards,
    "@hub": _hub,
    "@devkit": _devkit,
    "@bag-records": _bag_records,
    "@write-shards": _write_shards,
}
