"""Maps and masks survive their files, and no name leads out of the folder."""

from __future__ import annotations

import errno
from pathlib import PurePosixPath

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.data.geometry import Geometry
from weldon.errors import DataError, UsageError
from weldon.inference import Decision, Result
from weldon.inference.map_files import (
    class_files,
    file_stem,
    read_heatmap,
    safe_name,
    write_heatmaps,
    write_mask,
)


@pytest.fixture
def result() -> Result:
    """A picture of 8 x 4 whose cat map is 1 on the left and -1 on the right half."""
    maps = torch.tensor([[[1.0, -1.0]], [[0.5, 0.5]]])
    none = torch.zeros_like(maps)
    decision = Decision(("cat", "dog"), "multilabel", {})
    picture = Image.new("RGB", (8, 4))
    geometry = Geometry(8, 4, 16, "warp")
    return Result("x.png", picture, geometry, decision, torch.tensor([1.0, 0.5]), maps, none, none)


@pytest.mark.parametrize("name", ["/etc/cat.jpg", "../../etc/cat.jpg", "etc/./cat.jpg"])
def test_no_name_leads_out_of_the_output_folder(name):
    assert file_stem(name) == PurePosixPath("etc/cat")


def test_only_the_last_suffix_goes():
    assert file_stem("a.b/plate.2020.tif") == PurePosixPath("a.b/plate.2020")


def test_a_class_name_is_one_part_of_a_file_name():
    assert safe_name('and/or: "x"\\y') == "and_or_ _x__y"
    assert safe_name("Löwe 2") == "Löwe 2"


def test_a_map_comes_back_signed_and_at_image_size(result, tmp_path):
    write_heatmaps(result, tmp_path / "deep" / "x.npz")
    found = read_heatmap(tmp_path / "deep" / "x.npz", "cat")
    assert (found.shape, found.dtype) == ((4, 8), np.float32)
    assert found[:, 0].tolist() == [1.0] * 4
    assert found[:, -1].tolist() == [-1.0] * 4
    assert (np.diff(found, axis=1) <= 0).all()


def test_a_class_that_the_file_lacks_gets_the_choices(result, tmp_path):
    write_heatmaps(result, tmp_path / "x.npz")
    with pytest.raises(UsageError, match="cat, dog, got 'cow'"):
        read_heatmap(tmp_path / "x.npz", "cow")


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "array", "other"])
def test_what_is_no_file_of_maps_is_named(result, tmp_path, damage):
    path = tmp_path / "x.npz"
    write_heatmaps(result, path)
    whole = path.read_bytes()
    path.unlink()
    if damage == "other":
        np.savez(path, x=np.zeros(3))
    elif damage == "array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif damage != "missing":
        path.write_bytes({"empty": b"", "text": b"file_name,class\n", "cut": whole[:-30]}[damage])
    with pytest.raises(DataError, match=r"x\.npz is no file of heat maps"):
        read_heatmap(path, "cat")


def test_pixel_values_of_a_mask_survive_the_file(tmp_path):
    mask = np.arange(256, dtype=np.uint8).reshape(8, 32)
    write_mask(mask.T, tmp_path / "mask.png")  # not contiguous
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "mask.png")), mask.T)


@pytest.mark.parametrize(
    "classes", [("a/b", "a_b"), ("Cat", "cat"), ("caf\u00e9", "cafe\u0301"), ("x" * 300, "x" * 301)]
)
def test_no_two_classes_share_a_file(classes):
    found = class_files(classes)
    assert len({name.casefold() for name in found.values()}) == 2
    assert all(0 < len(name.encode()) <= 60 for name in found.values())


def test_a_map_that_cannot_be_written_whole_leaves_the_old_one(result, tmp_path, monkeypatch):
    write_heatmaps(result, tmp_path / "x.npz")
    before = (tmp_path / "x.npz").read_bytes()

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space"):
        write_heatmaps(result, tmp_path / "x.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]
    assert (tmp_path / "x.npz").read_bytes() == before
