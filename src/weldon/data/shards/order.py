"""In which order pictures of shards are read: one shard after the other, mixed within a window."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from torch.utils.data import Sampler

from weldon.data.record import Record
from weldon.data.shards.member import place_in
from weldon.errors import UsageError

WINDOW_BYTES = 500_000_000  # of pictures that are mixed; the system's memory for files holds two windows


def places_of(records: Sequence[Record]) -> list[tuple[Path, int, int]]:
    """Return the shard of each image, the place of its first byte and its size.

    Raises:
        UsageError: an image is a file of its own.
    """
    places = []
    for record in records:
        if (place := place_in(record.path)) is None:
            raise UsageError(
                f"by_shard needs shards (`weldon data shards`), and {record.file_name} is a file of its own"
            )
        places.append(place)
    return places


class ShardOrder(Sampler[int]):
    """The images of one process in one epoch, read shard by shard and mixed within windows.

    The shards are dealt anew each epoch, laid end to end, and cut into a stretch for each process, of equal
    length: the last begins again at the first image where the number does not divide. Within a stretch the
    images of each window are mixed. So the order follows from seed, epoch and the number of the process, and
    a disk reads each window in sequence, one window ahead.

    Args:
        records: N images, all inside shards.
        seed: of the order.
        epoch: whose order.
        rank: number of this process, of ``world``.
        world: processes.
        window: bytes of pictures that are mixed.

    Raises:
        UsageError: an image is a file of its own.
    """

    def __init__(
        self,
        records: Sequence[Record],
        *,
        seed: int,
        epoch: int,
        rank: int = 0,
        world: int = 1,
        window: int = WINDOW_BYTES,
    ) -> None:
        self.places = places_of(records)
        line = self._line(np.random.default_rng([seed, epoch]))
        share = -(-len(line) // world)
        own = [line[n % len(line)] for n in range(rank * share, (rank + 1) * share)]
        draw = np.random.default_rng([seed, epoch, rank, 1])
        self.windows = [
            [part[n] for n in draw.permutation(len(part)).tolist()] for part in self._cut(own, window)
        ]

    def __len__(self) -> int:
        return sum(map(len, self.windows))

    def __iter__(self) -> Iterator[int]:
        for number, part in enumerate(self.windows):
            for ahead in self.windows[number : number + 2]:
                self._read_ahead(ahead)
            yield from part

    def _line(self, draw: np.random.Generator) -> list[int]:
        shards: dict[Path, list[int]] = {}
        for index in sorted(range(len(self.places)), key=lambda n: self.places[n]):
            shards.setdefault(self.places[index][0], []).append(index)
        stretches = list(shards.values())
        return [index for n in draw.permutation(len(stretches)).tolist() for index in stretches[n]]

    def _cut(self, images: Sequence[int], window: int) -> list[list[int]]:
        parts: list[list[int]] = [[]]
        room = window
        for index in images:
            size = self.places[index][2]
            if parts[-1] and size > room:
                parts.append([])
                room = window
            parts[-1].append(index)
            room -= size
        return parts

    def _read_ahead(self, images: Sequence[int]) -> None:
        """Tell the system that these bytes will be asked for; it reads them in sequence, meanwhile."""
        stretches: dict[Path, tuple[int, int]] = {}
        for shard, offset, size in (self.places[index] for index in images):
            first, last = stretches.get(shard, (offset, offset + size))
            stretches[shard] = min(first, offset), max(last, offset + size)
        for shard, (first, last) in stretches.items():
            if not hasattr(os, "posix_fadvise") or not shard.is_file():
                continue  # another system, or an object store: pictures are read as they are asked for
            with shard.open("rb") as file:
                os.posix_fadvise(file.fileno(), first, last - first, os.POSIX_FADV_WILLNEED)
