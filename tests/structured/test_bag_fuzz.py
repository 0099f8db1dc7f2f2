"""Bags of every kind, damaged by a seed: read with finite numbers, or refused by name; nothing else ever."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from weldon.errors import WeldonError
from weldon.structured import open_bags

ODD = (
    b"nan",
    b"-1",
    b"\0",
    b'"',
    b"\n",
    b",",
    b";",
    b"\xff\xfe",
    b"9" * 40,
    b"1e400",
    b"[[",
    b"{}",
    b"\xed\xa0\x80",
)
SEEDS = 200
VALUES = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
TENSORS = {"features": torch.from_numpy(VALUES).bfloat16(), "coords": torch.arange(24).reshape(12, 2)}
TABLE = "bag,instance,index,u,v,w\n" + "".join(
    f"s{n // 3},p{n},{n},{a},{b},{c}\n" for n, (a, b, c) in enumerate(VALUES.tolist())
)


def damaged(content: bytes, generator: np.random.Generator) -> bytes:
    """Return the bytes with one to three damages: bits, a cut, bytes lost, doubled, zeroed, or odd ones."""
    data = bytearray(content)
    for _ in range(generator.integers(1, 4)):
        if not data:
            break
        # Half of the damage goes to the front, where headers are.
        place = int(generator.integers(len(data) if generator.random() < 0.5 else min(150, len(data))))
        length = int(generator.integers(1, 40))
        kind = generator.integers(6)
        if kind == 0:
            data[place] ^= 1 << int(generator.integers(8))
        elif kind == 1:
            del data[place:]
        elif kind == 2:
            del data[place : place + length]
        elif kind == 3:
            data[place:place] = data[place : place + length]
        elif kind == 4:
            data[place : place + length] = bytes(length)
        else:
            data[place:place] = ODD[generator.integers(len(ODD))]
    return bytes(data)


def written(kind: str, folder: Path) -> Path:
    """Write good bags of that kind; return the file that is to be damaged."""
    folder.mkdir()
    path = folder / f"b{kind}"
    if kind in {".csv", ".tsv"}:
        text = TABLE if kind == ".csv" else TABLE.replace(",", "\t")
        path.write_text(text, encoding="utf-8" if kind == ".csv" else "utf-16")
    elif kind == ".parquet":
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        columns = {"bag": [f"s{n // 3}" for n in range(12)], "f": VALUES.tolist(), "index": list(range(12))}
        pq.write_table(pa.table(columns), path)
    elif kind == ".npy":
        np.save(path, VALUES)
    else:
        save_file(TENSORS, path)
    return path


def read_all(place: Path) -> None:
    """Read all bags, as training does."""
    bags = open_bags(place)
    for path in bags.paths:
        values = bags.read(path)
        assert values.shape == (bags.size(path), bags.num_features)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert len(bags.instances(path)) == len(values) > 0
        assert bags.find(bags.name(path)) == path


def refusal(place: Path) -> str | None:
    """Return the sentence with which bags are refused, None where they are read; all else is a fault."""
    try:
        read_all(place)
    except WeldonError as error:
        return str(error)
    return None


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".npy", ".safetensors", ".parquet"])
def test_damaged_bags_are_read_or_refused_by_name(tmp_path, kind):
    path = written(kind, tmp_path / "d")
    place = path if kind in {".csv", ".tsv", ".parquet"} else path.parent
    content, refused = path.read_bytes(), 0
    read_all(place)
    for seed in range(SEEDS):
        path.write_bytes(damaged(content, np.random.default_rng(seed)))
        started = time.monotonic()
        said = refusal(place)
        refused += said is not None
        assert said is None or (path.name in said and len(said) < 20_000), f"seed {seed}: {said}"
        assert time.monotonic() - started < 10, f"seed {seed}"
    assert SEEDS / 2 < refused < SEEDS
