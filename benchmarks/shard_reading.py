"""Photographs read a second from files, from shards at their places, and from shards one after the other.

python benchmarks/shard_reading.py /data/VOCdevkit/VOC2007/JPEGImages /tmp/shards 5000

What the system has in memory of these files is dropped before each pass (nothing else is), so that the disk
is read. A pass reads the bytes of every photograph in the order in which a first epoch reads them, or makes
batches of the first tenth, as ``weldon train -j 0`` does. Of three passes the fastest counts.
"""

import os
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np
from torch.utils.data import DataLoader

from provenance import write_results
from weldon.data import EvalTransform, ImageDataset, Record, collate, read_labels
from weldon.data.record import LabelSet
from weldon.data.shards import write_shards
from weldon.data.shards.member import member_bytes, shard_of
from weldon.data.shards.order import ShardOrder

PASSES = 3
SHARD_BYTES, WINDOW = 20_000_000, 40_000_000  # small ones, so that there are many of these few photographs


def forget(records):
    """Let the system drop what it keeps of these files."""
    os.sync()
    for path in sorted({shard_of(record.path) or record.path for record in records}):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def orders(files, shards):
    """Return the records of each way, and the order of its first epoch."""
    mixed = np.random.default_rng(0).permutation(len(files)).tolist()
    return {
        "files": (files, mixed),
        "shards": (shards, mixed),
        "shards, --by-shard": (shards, ShardOrder(shards, seed=0, epoch=0, window=WINDOW)),
    }


def read_bytes(records, order):
    for index in order:
        path = records[index].path
        if member_bytes(path) is None:
            path.read_bytes()
    return len(records)


def decoded(records, order):
    images = ImageDataset(records, ("x",), EvalTransform(448), as_bytes=True)
    batches = len(records) // 320
    loader = DataLoader(images, 32, sampler=order, collate_fn=collate)
    return sum(len(batch["image"]) for batch in islice(loader, batches))


def main(photos, folder, count):
    names = sorted(Path(photos).glob("*.jpg"))[:count]
    files = tuple(Record(path, path.name, frozenset("x"), split="train") for path in names)
    if not Path(folder).exists():
        write_shards(LabelSet(files, ("x",), "long"), folder, shard_bytes=SHARD_BYTES)
    shards = read_labels(folder).records
    found = {}
    for what in (read_bytes, decoded):
        seconds = {}
        for _ in range(PASSES):
            for way, (records, order) in orders(files, shards).items():
                forget(records)
                began = time.monotonic()
                images = what(records, order)
                seconds.setdefault(way, []).append((time.monotonic() - began) / images)
        found[what.__name__] = {
            way: {"images_per_second": 1 / min(taken), "passes": [1 / one for one in taken]}
            for way, taken in seconds.items()
        }
        print(what.__name__, found[what.__name__], flush=True)
    size = sum(path.stat().st_size for path in names)
    write_results(
        "shard_reading", {"photographs": len(names), "bytes": size, "load": os.getloadavg()[0], **found}
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
