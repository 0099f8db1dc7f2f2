"""Feature maps are computed once: kept while nothing they depend on changes."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fixtures.computed_maps import computing
from weldon.data import ImageDataset, Record
from weldon.data.decode import VARIABLE
from weldon.data.tiles import Tiling
from weldon.data.transforms import EvalTransform
from weldon.data.windows import open_windows
from weldon.errors import DataError
from weldon.models import create_model
from weldon.models.stitched import stitched_strips
from weldon.training.features import feature_cache
from weldon.training.features.feature_cache import cache_features
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.features.stored_maps import MapWriter


@pytest.fixture(scope="module")
def net():
    return create_model("test_resnet", 1, weights="none").eval()


@pytest.fixture
def dataset(tmp_path) -> ImageDataset:
    """Three pictures of 64 x 32: the lower half of the canvas is padding."""
    records = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (64, 32), (80 * number, 40, 0)).save(path)
        records.append(Record(path, path.name, frozenset("x" if number else ()), weight=float(number)))
    return ImageDataset(records, ["x"], EvalTransform(64, "keep", (0.5,) * 3, (0.5,) * 3))


def cached(net, dataset, folder: Path):
    return cache_features(net, dataset, folder, workers=0)


def maps_of(found, dataset) -> np.ndarray:
    """Maps in the order of the records."""
    return np.array(found.maps[[found.rows[record.path] for record in dataset.records]])


def forbid_computing(monkeypatch) -> None:
    monkeypatch.setattr(MapWriter, "add", lambda *_: pytest.fail("maps were computed again"))


def test_maps_are_those_of_the_backbone_to_half_precision(net, dataset, tmp_path):
    found = cached(net, dataset, tmp_path / "cache")
    for number, record in enumerate(dataset.records):
        with torch.no_grad():
            wanted = net.features(dataset[number]["image"][None])[0].permute(1, 2, 0)  # (h, w, F)
        values = torch.from_numpy(np.array(found.maps[found.rows[record.path]])).float()
        torch.testing.assert_close(values, wanted, rtol=1e-3, atol=1e-3)
        assert found.masks[found.rows[record.path]].tolist() == [[True, True], [False, False]]


def test_a_batch_holds_what_belongs_together(net, dataset, tmp_path):
    found = cached(net, dataset, tmp_path / "cache")
    maps = maps_of(found, dataset).astype(np.float32)
    images = FeatureDataset(dataset.records[::-1], ["x"], found)
    batch = images.__getitems__([2, 0])  # the first and the last picture
    np.testing.assert_array_equal(batch["features"][0].permute(1, 2, 0), maps[0])
    np.testing.assert_array_equal(batch["features"][1].permute(1, 2, 0), maps[2])
    assert batch["target"].tolist() == [[0.0], [1.0]]
    assert batch["weight"].tolist() == [0.0, 2.0]
    assert batch["index"].tolist() == [2, 0]
    assert len(images) == 3


def test_a_second_run_computes_nothing(net, dataset, tmp_path, monkeypatch):
    first = maps_of(cached(net, dataset, tmp_path / "cache"), dataset)
    forbid_computing(monkeypatch)
    np.testing.assert_array_equal(maps_of(cached(net, dataset, tmp_path / "cache"), dataset), first)


def part(dataset, *numbers: int) -> ImageDataset:
    return ImageDataset([dataset.records[n] for n in numbers], ["x"], dataset.transform)


def test_fewer_images_find_their_maps_among_those_of_more(net, dataset, tmp_path, monkeypatch):
    """As where a run goes on without a file that its first start could not read."""
    dataset.records[1].path.write_bytes(b"no picture")
    first = cached(net, dataset, tmp_path / "cache")
    with monkeypatch.context() as patched:
        forbid_computing(patched)
        for numbers in ((0, 2), (2,), (0, 1)):
            fewer = part(dataset, *numbers)
            found = cached(net, fewer, tmp_path / "cache")
            readable = [record.path for record in fewer.records if record.path not in first.lost]
            assert sorted(found.rows) == sorted(readable)
            for path in readable:
                np.testing.assert_array_equal(found.maps[found.rows[path]], first.maps[first.rows[path]])
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_more_images_or_another_layout_find_nothing_among_them(net, dataset, tmp_path, monkeypatch):
    cached(net, part(dataset, 0, 1), tmp_path / "cache")
    computed = []
    add = MapWriter.add
    monkeypatch.setattr(MapWriter, "add", lambda *given: computed.append(len(given[3])) or add(*given))
    cached(net, dataset, tmp_path / "cache")
    other = part(dataset, 0)
    other.transform = EvalTransform(64, "warp", (0.5,) * 3, (0.5,) * 3)
    cached(net, other, tmp_path / "cache")
    assert computed == [3, 1]


def test_a_damaged_larger_set_is_passed_over_and_left(net, dataset, tmp_path):
    whole = maps_of(cached(net, dataset, tmp_path / "cache"), dataset)
    (damaged,) = (tmp_path / "cache").glob("*/maps.npy")
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    fewer = part(dataset, 0, 2)
    found = cached(net, fewer, tmp_path / "cache")
    np.testing.assert_array_equal(maps_of(found, fewer), whole[[0, 2]])
    assert damaged.read_bytes() == content


def test_images_that_moved_keep_their_maps(net, dataset, tmp_path, monkeypatch):
    first = maps_of(cached(net, dataset, tmp_path / "cache"), dataset)
    (tmp_path / "elsewhere").mkdir()
    moved = []
    for record in reversed(dataset.records):
        path = record.path.rename(tmp_path / "elsewhere" / f"new{record.path.name}")
        moved.append(Record(path, path.name, record.labels))
    there = ImageDataset(moved, ["x"], dataset.transform)
    forbid_computing(monkeypatch)
    np.testing.assert_array_equal(maps_of(cached(net, there, tmp_path / "cache"), there), first[::-1])


def test_images_with_the_same_bytes_share_a_row(net, dataset, tmp_path):
    copy = tmp_path / "copy.png"
    shutil.copy(dataset.records[1].path, copy)
    more = ImageDataset([*dataset.records, Record(copy, "copy.png", frozenset())], ["x"], dataset.transform)
    found = cached(net, more, tmp_path / "cache")
    assert len(found.maps) == 3
    assert found.rows[copy] == found.rows[dataset.records[1].path]


def test_other_pixels_under_the_same_name_size_and_time_get_maps_of_their_own(net, tmp_path):
    path = tmp_path / "a.bmp"
    records = [Record(path, path.name, frozenset())]
    dataset = ImageDataset(records, ["x"], EvalTransform(64, "keep", (0.5,) * 3, (0.5,) * 3))
    found = []
    for colour in ((200, 0, 0), (0, 0, 200)):
        Image.new("RGB", (64, 64), colour).save(path)
        os.utime(path, ns=(10**18, 10**18))
        found.append(maps_of(cached(net, dataset, tmp_path / "cache"), dataset))
    assert path.stat().st_size == 64 * 64 * 3 + 54
    assert not np.array_equal(*found)


def test_a_file_written_while_maps_are_computed_is_an_error_and_keeps_nothing(
    net, dataset, tmp_path, monkeypatch
):
    known = MapWriter.add

    def add(self, *arguments):
        Image.new("RGB", (64, 32), (0, 0, 99)).save(dataset.records[0].path)
        known(self, *arguments)

    monkeypatch.setattr(MapWriter, "add", add)
    with pytest.raises(DataError, match=r"changed while.*\n.*0\.png"):
        cached(net, dataset, tmp_path / "cache")
    assert os.listdir(tmp_path / "cache") == []


@pytest.mark.parametrize("name", ["maps.npy", "masks.npy", "rows.json"])
@pytest.mark.parametrize("damage", ["zeros", "cut", "empty", "missing", "flipped"])
def test_a_damaged_cache_is_said_in_a_line_and_computed_again(net, dataset, tmp_path, caplog, name, damage):
    first = maps_of(cached(net, dataset, tmp_path / "cache"), dataset)
    (home,) = (tmp_path / "cache").iterdir()
    harm(home / name, damage)
    np.testing.assert_array_equal(maps_of(cached(net, dataset, tmp_path / "cache"), dataset), first)
    (said,) = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING]
    assert str(home) in said
    assert name in said
    assert "\n" not in said
    assert os.listdir(tmp_path / "cache") == [home.name]
    assert sorted(os.listdir(home)) == ["maps.npy", "masks.npy", "rows.json"]


def harm(path: Path, damage: str) -> None:
    content = path.read_bytes()
    half = len(content) // 2
    if damage == "missing":
        path.unlink()
        return
    flipped = bytes([content[half] ^ 4])
    path.write_bytes(
        {
            "zeros": content[:half] + bytes(len(content) - half),
            "cut": content[:half],
            "empty": b"",
            "flipped": content[:half] + flipped + content[half + 1 :],
        }[damage]
    )


def test_a_file_where_a_cache_was_to_be_is_replaced(net, dataset, tmp_path):
    first = maps_of(cached(net, dataset, tmp_path / "cache"), dataset)
    (home,) = (tmp_path / "cache").iterdir()
    shutil.rmtree(home)
    home.write_text("a file")
    np.testing.assert_array_equal(maps_of(cached(net, dataset, tmp_path / "cache"), dataset), first)


def test_a_cache_that_vanished_is_computed_again_to_the_bit(net, dataset, tmp_path):
    found = cached(net, dataset, tmp_path / "cache")
    first = maps_of(found, dataset)
    shutil.rmtree(tmp_path / "cache")
    np.testing.assert_array_equal(maps_of(found, dataset), first)  # an opened map stays while it is used
    np.testing.assert_array_equal(maps_of(cached(net, dataset, tmp_path / "cache"), dataset), first)


def test_a_file_that_cannot_be_read_has_no_row_a_reason_and_shifts_no_other(
    net, dataset, tmp_path, monkeypatch
):
    whole = maps_of(cached(net, dataset, tmp_path / "cache"), dataset)
    broken = dataset.records[1].path
    broken.write_bytes(b"no picture")
    found = cached(net, dataset, tmp_path / "cache")
    assert broken not in found.rows
    np.testing.assert_array_equal(found.maps[found.rows[dataset.records[2].path]], whole[2])
    forbid_computing(monkeypatch)
    again = cached(net, dataset, tmp_path / "cache")
    assert again.lost == found.lost
    assert list(found.lost) == [broken]
    assert str(broken) not in found.lost[broken]


def test_a_missing_file_has_a_reason_too(net, dataset, tmp_path):
    dataset.records[1].path.unlink()
    assert cached(net, dataset, tmp_path / "cache").lost == {
        dataset.records[1].path: "no such file or folder"
    }


def test_a_file_that_a_looser_limit_lets_through_is_no_longer_left_out(net, dataset, tmp_path, monkeypatch):
    whole = maps_of(cached(net, dataset, tmp_path / "cache"), dataset)
    shutil.rmtree(tmp_path / "cache")
    Image.new("RGB", (128, 64)).save(dataset.records[1].path)  # more pixels than the others
    with monkeypatch.context() as limited:
        limited.setenv(VARIABLE, "5000")
        found = cached(net, dataset, tmp_path / "cache")
        assert list(found.lost) == [dataset.records[1].path]
    found = cached(net, dataset, tmp_path / "cache")
    assert found.lost == {}
    np.testing.assert_array_equal(maps_of(found, dataset)[2], whole[2])


def test_files_of_which_none_can_be_read_are_an_error(net, dataset, tmp_path):
    for record in dataset.records:
        record.path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"none of the 3 files can be read, .*0\.png"):
        cached(net, dataset, tmp_path / "cache")


def test_what_a_killed_run_left_is_cleared_by_the_next(net, dataset, tmp_path):
    killed, _ = computing(tmp_path, "killed")
    killed.join(60)
    assert killed.exitcode == -9
    (draft,) = (tmp_path / "cache").iterdir()
    assert (draft / "maps.npy").stat().st_size > 0
    cached(net, dataset, tmp_path / "cache")
    (home,) = (tmp_path / "cache").iterdir()
    assert not home.name.startswith(".")


def said(talk):
    assert talk.poll(60)
    return talk.recv()


def test_two_processes_that_compute_the_same_maps_end_with_the_same(dataset, tmp_path):
    both = [computing(tmp_path), computing(tmp_path)]
    assert [said(talk) for _, talk in both] == ["writing"] * 2  # both are in the midst
    for _, talk in both:
        talk.send("go on")
    first, second = (said(talk) for _, talk in both)
    assert first == second
    assert first[1] == [0, 1, 2]
    for process, _ in both:
        process.join(60)
    assert [process.exitcode for process, _ in both] == [0, 0]
    (home,) = (tmp_path / "cache").iterdir()
    assert not home.name.startswith(".")


def test_threads_of_one_process_do_not_break_each_other(net, dataset, tmp_path):
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(maps_of(cached(net, dataset, tmp_path / "cache"), dataset))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(maps, found[0]) for maps in found)
    assert len(os.listdir(tmp_path / "cache")) == 1


def test_the_orphans_of_version_0_1_0_are_cleared_and_its_maps_are_not_trusted(net, dataset, tmp_path):
    old = tmp_path / "cache" / "0123456789abcdef"
    old.mkdir(parents=True)
    (old / "maps.999999999.npy").write_bytes(b"half")
    (old / "maps.npy").write_bytes(b"whole")
    cached(net, dataset, tmp_path / "cache")
    assert os.listdir(old) == ["maps.npy"]


def test_a_cache_folder_that_is_a_file_is_named(net, dataset, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match=r"cannot keep feature maps in .*cache: .*--cache DIR"):
        cached(net, dataset, tmp_path / "cache")
    with pytest.raises(DataError, match=r"a part of the path is a file"):
        cached(net, dataset, tmp_path / "cache" / "below")


def test_a_full_disk_during_writing_is_a_sentence_and_leaves_nothing(net, dataset, tmp_path, small_disk):
    cached(net, dataset, tmp_path / "cache")
    size = sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*.npy"))
    (small_disk / "other").write_bytes(bytes(room(small_disk) - size // 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "weldon.training.features.stored_maps.refuse_small_disk", lambda *_, **named: None
        )  # it vanishes later
        with pytest.raises(DataError, match="no room left on the disk") as told:
            cached(net, dataset, small_disk / "cache")
    assert str(small_disk / "cache") in str(told.value)
    assert os.listdir(small_disk / "cache") == []
    with pytest.raises(DataError, match=r"need .* left: free some"):
        cached(net, dataset, small_disk / "cache")
    assert os.listdir(small_disk / "cache") == []
    (small_disk / "other").unlink()
    cached(net, dataset, small_disk / "cache")


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    with mounted(place, "-t", "tmpfs", "-o", "size=256k", "tmpfs"):
        yield place


@contextlib.contextmanager
def mounted(place: Path, *options: str):
    done = subprocess.run(["mount", *options, str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a disk of one's own needs root: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def room(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def test_a_read_only_disk_is_used_where_it_holds_the_maps_and_named_where_not(
    net, dataset, tmp_path, monkeypatch
):
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        first = maps_of(cached(net, dataset, disk / "cache"), dataset)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with monkeypatch.context() as forbidden:
            forbid_computing(forbidden)
            np.testing.assert_array_equal(maps_of(cached(net, dataset, disk / "cache"), dataset), first)
        for folder in (disk / "cache", disk / "another"):
            dataset.records[0].path.write_bytes(dataset.records[0].path.read_bytes() + b" ")
            with pytest.raises(DataError, match=r"cannot keep .*read-only.*--cache DIR") as told:
                cached(net, dataset, folder)
            assert str(folder) in str(told.value)


def test_maps_that_may_not_be_read_are_named_and_left(net, dataset, tmp_path, monkeypatch):
    cached(net, dataset, tmp_path / "cache")
    (home,) = (tmp_path / "cache").iterdir()

    def refuse(folder, key):
        raise PermissionError(errno.EACCES, "Permission denied", str(folder / "maps.npy"))

    monkeypatch.setattr(feature_cache, "open_maps", refuse)
    with pytest.raises(DataError, match=r"maps\.npy: no permission"):
        cached(net, dataset, tmp_path / "cache")
    assert len(os.listdir(home)) == 3


def test_a_disk_that_does_not_keep_what_it_is_given_is_named(net, dataset, tmp_path, monkeypatch):
    finish = MapWriter.finish

    def forget(self, *arguments):
        finish(self, *arguments)
        (self.folder / "maps.npy").write_bytes(b"")

    monkeypatch.setattr(MapWriter, "finish", forget)
    with pytest.raises(DataError, match=r"cache do not read back as written: maps\.npy has 0 bytes"):
        cached(net, dataset, tmp_path / "cache")
    assert os.listdir(tmp_path / "cache") == []


@pytest.fixture
def large(tmp_path) -> ImageDataset:
    """Pictures of three sizes, seen by tiles; the first of them twice."""
    rng, records = np.random.default_rng(0), []
    for number, (width, height) in enumerate([(333, 200), (64, 40), (128, 500)]):
        path = tmp_path / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)
        records.append(Record(path, path.name, frozenset("x" if number else ())))
    shutil.copy(tmp_path / "0.png", tmp_path / "copy.png")
    records.append(Record(tmp_path / "copy.png", "copy.png", frozenset()))
    return ImageDataset(records, ["x"], Tiling(128, 64, 32))


def test_the_map_of_a_large_picture_is_that_of_its_tiles(net, large, tmp_path):
    found = cached(net, large, tmp_path / "cache")
    images = FeatureDataset(large.records, ["x"], found)
    for number, record in enumerate(large.records):
        with open_windows(record.path) as picture:
            strips = list(stitched_strips(net.features, picture, large.transform, batch_size=4))
        got = images.__getitems__([number])["features"][0].float()
        torch.testing.assert_close(got, torch.cat(strips, dim=1), rtol=1e-3, atol=1e-3)
    assert found.rows[large.records[0].path] == found.rows[large.records[3].path]
    assert found.maps.shape == (3, 1, 64, 96)  # 6 x 10 cells, 1 x 2, and 16 x 4, one block of 64 each


def test_maps_of_large_pictures_are_kept_until_tiles_change(net, large, tmp_path, monkeypatch):
    first = cached(net, large, tmp_path / "cache")
    other = ImageDataset(large.records, ["x"], Tiling(128, 32, 32))
    second = cached(net, other, tmp_path / "cache")
    assert not np.array_equal(first.maps, second.maps)
    forbid_computing(monkeypatch)
    again = cached(net, large, tmp_path / "cache")
    np.testing.assert_array_equal(again.maps, first.maps)
    assert (again.grids, again.rows) == (first.grids, first.rows)


def test_of_a_large_picture_that_breaks_off_nothing_is_kept(net, large, tmp_path, monkeypatch):
    tifffile = pytest.importorskip("tifffile", reason="TIFF files are read by window with the extra large")
    path = tmp_path / "broken.tif"
    values = np.random.default_rng(0).integers(0, 256, (700, 300, 3), dtype=np.uint8)
    tifffile.imwrite(path, values, photometric="rgb", rowsperstrip=32, compression="zlib")
    with tifffile.TiffFile(path) as file:
        last = file.pages[0].dataoffsets[-1]
    content = bytearray(path.read_bytes())
    content[last : last + 20] = b"\xff" * 20
    path.write_bytes(content)
    records = [*large.records, Record(path, path.name, frozenset())]
    found = cached(net, ImageDataset(records, ["x"], large.transform), tmp_path / "cache")
    assert list(found.lost) == [path]
    assert "broken.tif" not in found.lost[path]
    assert len(found.maps) == sum(-(-h * w // 64) for h, w in found.grids.values())
    assert len(found.grids) == 3
    forbid_computing(monkeypatch)
    again = cached(net, ImageDataset(records, ["x"], large.transform), tmp_path / "cache")
    assert again.lost == found.lost


def test_a_disk_too_small_for_large_pictures_is_said_and_not_taken_for_their_fault(
    net, large, tmp_path, monkeypatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(DataError, match="blocks of cells, 1 x 64 x 96 numbers each, need"):
        cached(net, large, tmp_path / "cache")
