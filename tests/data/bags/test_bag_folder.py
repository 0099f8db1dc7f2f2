"""A folder of arrays becomes bags, read one at a time; files that cannot are all named at once."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from weldon.data.bags.bag_folder import BagFolder
from weldon.errors import DataError


def test_files_are_found_with_and_without_their_ending(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 3)))
    save_file({"x": np.zeros((1, 3), np.float16)}, tmp_path / "b.safetensors")
    bags = BagFolder(tmp_path)
    assert bags.find("a") == bags.find("a.npy") == tmp_path / "a.npy"
    assert [bags.size(path) for path in bags.paths] == [2, 1]
    assert bags.read(bags.find("b")).dtype == np.float32
    assert bags.name(bags.find("b")) == "b"


def test_two_files_of_one_stem_keep_their_endings(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 3)))
    save_file({"x": np.zeros((1, 3), np.float32)}, tmp_path / "a.safetensors")
    bags = BagFolder(tmp_path)
    assert bags.find("a") is None
    assert [bags.name(path) for path in bags.paths] == ["a.npy", "a.safetensors"]


def test_coords_name_the_instances(tmp_path):
    tensors = {"features": np.ones((2, 3), np.float32), "coords": np.array([[0, 256], [512, 0]])}
    save_file(tensors, tmp_path / "a.safetensors")
    bags = BagFolder(tmp_path)
    assert bags.instances(bags.paths[0]) == ["0,256", "512,0"]


def test_every_file_that_cannot_be_a_bag_is_named(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 3)))
    np.save(tmp_path / "b.npy", np.ones((2, 4)))
    np.save(tmp_path / "c.npy", np.ones(3))
    (tmp_path / "d.npy").write_bytes(b"no array")
    save_file({"u": np.ones((1, 3)), "v": np.ones((1, 3))}, tmp_path / "e.safetensors")
    with pytest.raises(DataError) as error:
        BagFolder(tmp_path)
    assert [line.split(":")[0] for line in error.value.problems] == [
        "b.npy",
        "c.npy",
        "d.npy",
        "e.safetensors",
    ]


def test_pickled_objects_are_not_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(DataError, match=r"a\.npy"):
        BagFolder(tmp_path)


def test_a_feature_that_is_not_finite_is_named_when_it_is_read(tmp_path):
    values = np.ones((3, 2))
    values[1, 0] = np.nan
    np.save(tmp_path / "a.npy", values)
    bags = BagFolder(tmp_path)
    with pytest.raises(DataError, match=r"a\.npy, instance 1"):
        bags.read(bags.paths[0])


def test_a_folder_without_bags_says_so(tmp_path):
    with pytest.raises(DataError, match="no file of bags"):
        BagFolder(tmp_path)


def test_what_is_passed_over_is_counted(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 3)))
    (tmp_path / "._a.npy").write_bytes(b"a Mac wrote this")
    (tmp_path / "more").mkdir()
    (tmp_path / "b.pt").write_bytes(b"")
    bags = BagFolder(tmp_path)
    assert [path.name for path in bags.paths] == ["a.npy"]
    assert [note.split(" in ")[0] for note in bags.notes] == [
        "not read: 1 hidden file",
        "not read: 1 folder",
        "not read: 1 file of another kind",
    ]


def test_a_bag_without_instances_or_features_is_named(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((0, 3)))
    np.save(tmp_path / "b.npy", np.ones((3, 0)))
    with pytest.raises(DataError, match=r"a\.npy: must be \(R, F\)[^b]*\n.*b\.npy: must be"):
        BagFolder(tmp_path)


def test_labels_of_a_spreadsheet_find_files_with_leading_zeros(tmp_path):
    np.save(tmp_path / "007.npy", np.ones((2, 3)))
    assert BagFolder(tmp_path).find("7") == tmp_path / "007.npy"


def test_a_file_that_changes_while_it_is_used_is_named(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 3)))
    bags = BagFolder(tmp_path)
    np.save(tmp_path / "a.npy", np.ones((2, 4)))
    with pytest.raises(DataError, match=r"a\.npy has changed"):
        bags.read(bags.paths[0])


def test_files_of_slides_name_their_patches_and_say_how_large_they_are(tmp_path):
    h5py = pytest.importorskip("h5py")
    for name, side in (("a", 512), ("b", 1024), ("c", 512)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["features"] = np.ones((2, 3), np.float16)
            file["coords"] = np.array([[0, 256], [512, 0]])
            file["coords"].attrs["patch_size_level0"] = side
    (tmp_path / "_config_feats.json").write_text("{}")
    bags = BagFolder(tmp_path)
    assert bags.instances(bags.paths[0]) == ["0,256", "512,0"]
    assert (bags.num_features, bags.read(bags.paths[1]).dtype) == (3, np.float32)
    assert bags.notes[1] == (
        "instances are named by the top left corner of their patch; its side at full resolution: "
        "512 pixels in 2 files, 1024 pixels in 1 file"
    )
