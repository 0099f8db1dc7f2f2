"""Stored maps come back as they were written, or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil

import numpy as np
import pytest

from weldon.training.features.stored_maps import DamagedError, MapWriter, open_maps

N, CELL = 6, (2, 3, 5)
DIGESTS = [f"{number:064x}" for number in range(N)]


def written(folder, *, planned=N):
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(N, *CELL)).astype(np.float16)
    masks = rng.random((N, *CELL[:2])) > 0.5
    folder.mkdir()
    with contextlib.closing(MapWriter(folder, planned, folder)) as writer:
        writer.add(maps[:4], masks[:4], DIGESTS[:4])
        writer.add(maps[4:], masks[4:], DIGESTS[4:])
        writer.finish("key", ["f" * 64], {"made": "here"})
    return maps, masks


@pytest.mark.parametrize("planned", [N, 10**6], ids=["all", "fewer than planned"])
def test_maps_come_back_as_they_were_written(tmp_path, planned):
    if planned > N:
        planned = N + 4
    maps, masks = written(tmp_path / "a", planned=planned)
    found = open_maps(tmp_path / "a", "key")
    np.testing.assert_array_equal(found.maps, maps)
    np.testing.assert_array_equal(found.masks, masks)
    assert found.rows == {digest: row for row, digest in enumerate(DIGESTS)}
    assert found.unreadable == {"f" * 64}
    np.testing.assert_array_equal(np.load(tmp_path / "a" / "maps.npy"), maps)


def shuffle(folder):
    maps = np.load(folder / "maps.npy")
    np.save(folder / "maps.npy", maps[::-1])


def shuffle_masks(folder):
    np.save(folder / "masks.npy", np.load(folder / "masks.npy")[::-1])


def swap_names(folder):
    said = json.loads((folder / "rows.json").read_text())
    said["images"].reverse()
    (folder / "rows.json").write_text(json.dumps(said))


def zeros(folder):
    path = folder / "maps.npy"
    half = path.stat().st_size // 2
    with path.open("r+b") as file:
        file.seek(half)
        file.write(bytes(path.stat().st_size - half))


def shorter(name, size):
    return lambda folder: os.truncate(folder / name, size)


def replaced(name, content):
    return lambda folder: (folder / name).write_bytes(content)


DAMAGE = {
    "shuffled maps": (shuffle, "6 of 6 rows"),
    "shuffled masks": (shuffle_masks, "masks.npy is not"),
    "shuffled names": (swap_names, "rows.json is not"),
    "half zeros": (zeros, "5 of 6 rows"),
    "maps cut short": (shorter("maps.npy", 300), "has 300 bytes"),
    "maps empty": (shorter("maps.npy", 0), "has 0 bytes"),
    "masks empty": (shorter("masks.npy", 0), "masks.npy is not"),
    "list empty": (shorter("rows.json", 0), "rows.json is not"),
    "list cut short": (shorter("rows.json", 100), "rows.json is not"),
    "list of old": (replaced("rows.json", b'["a.jpg"]'), "rows.json is not"),
    "list deep": (replaced("rows.json", b"[" * 100_000), "rows.json is not"),
    "list no text": (replaced("rows.json", b"\xff\xfe\x00"), "rows.json is not"),
    "list of long number": (replaced("rows.json", b"9" * 5000), "rows.json is not"),
    "other shape": (lambda f: np.save(f / "maps.npy", np.zeros((N, 3, 2, 5), np.float16)), "head"),
    "other type": (lambda f: np.save(f / "maps.npy", np.zeros((N, *CELL))), "bytes in place"),
    "maps missing": (lambda f: (f / "maps.npy").unlink(), "maps.npy: no such file"),
    "masks missing": (lambda f: (f / "masks.npy").unlink(), "masks.npy: no such file"),
    "list missing": (lambda f: (f / "rows.json").unlink(), "rows.json: no such file"),
    "maps a folder": (lambda f: ((f / "maps.npy").unlink(), (f / "maps.npy").mkdir()), "maps.npy"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_noticed_and_said(tmp_path, kind):
    damage, words = DAMAGE[kind]
    written(tmp_path / "a")
    damage(tmp_path / "a")
    with pytest.raises(DamagedError, match=words):
        open_maps(tmp_path / "a", "key")


@pytest.mark.parametrize("name", ["maps.npy", "masks.npy", "rows.json"])
def test_every_flipped_bit_is_noticed(tmp_path, name):
    written(tmp_path / "a")
    whole = (tmp_path / "a" / name).read_bytes()
    draw = random.Random(0)
    for _ in range(150):
        place, content = draw.randrange(len(whole)), bytearray(whole)
        content[place] ^= 1 << draw.randrange(8)
        (tmp_path / "a" / name).write_bytes(content)
        with pytest.raises(DamagedError):
            open_maps(tmp_path / "a", "key")
    (tmp_path / "a" / name).write_bytes(whole)
    open_maps(tmp_path / "a", "key")


def test_maps_of_another_key_are_not_taken(tmp_path):
    written(tmp_path / "a")
    with pytest.raises(DamagedError, match="other maps"):
        open_maps(tmp_path / "a", "another key")


def test_opened_maps_stay_when_the_folder_goes(tmp_path):
    maps, _ = written(tmp_path / "a")
    found = open_maps(tmp_path / "a", "key")
    shutil.rmtree(tmp_path / "a")
    np.testing.assert_array_equal(found.maps, maps)


def test_many_chunks_are_checked_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr("weldon.training.features.stored_maps.CHUNK", 150)  # two rows
    written(tmp_path / "a")
    open_maps(tmp_path / "a", "key")
    zeros(tmp_path / "a")
    with pytest.raises(DamagedError, match="5 of 6 rows"):
        open_maps(tmp_path / "a", "key")


def test_a_map_of_its_own_size_lies_in_several_rows(tmp_path):
    rows = np.arange(3 * 4 * 5, dtype=np.float16).reshape(3, 1, 4, 5)
    masks = np.ones((1, 1, 4), bool)
    with contextlib.closing(MapWriter(tmp_path, 3, tmp_path)) as writer:
        for number, digest in enumerate([DIGESTS[0], DIGESTS[0], DIGESTS[1]]):
            writer.add(rows[number : number + 1], masks, [digest])
        writer.finish("key", [], {}, {DIGESTS[0]: (2, 3), DIGESTS[1]: (2, 2)})
    found = open_maps(tmp_path, "key")
    assert found.rows == {DIGESTS[0]: 0, DIGESTS[1]: 2}
    assert found.grids == {DIGESTS[0]: (2, 3), DIGESTS[1]: (2, 2)}
    np.testing.assert_array_equal(found.maps, rows)


def test_of_what_was_taken_back_nothing_is_left(tmp_path):
    rows = np.arange(3 * 4 * 5, dtype=np.float16).reshape(3, 1, 4, 5)
    masks = np.ones((1, 1, 4), bool)
    with contextlib.closing(MapWriter(tmp_path, 3, tmp_path)) as writer:
        writer.keep_first(0)
        for number in range(3):
            writer.add(rows[number : number + 1], masks, [DIGESTS[number]])
        writer.keep_first(1)
        writer.add(rows[2:], masks, [DIGESTS[2]])
        writer.finish("key", [], {})
    found = open_maps(tmp_path, "key")
    assert found.rows == {DIGESTS[0]: 0, DIGESTS[2]: 1}
    assert found.grids is None
    np.testing.assert_array_equal(found.maps, rows[[0, 2]])
