"""Files of slides as TRIDENT and CLAM write them; what they could hide is named."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from weldon.data.bags.bag_array import array_shape, read_array, read_coords
from weldon.data.bags.h5_array import h5_patch_side, h5_shape
from weldon.errors import DataError, MissingPackageError

h5py = pytest.importorskip("h5py")
VALUES = np.array([[1.0, -2.0], [0.5, 4.0], [3.0, 0.0]])
PLACES = np.array([[0, 512], [512, 512], [1024, 0]])


def write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return path


def trident(path):
    """Write a file as TRIDENT does: attributes on both datasets."""
    write(path, features=VALUES.astype(np.float32), coords=PLACES)
    with h5py.File(path, "a") as file:
        file["features"].attrs["name"] = "slide"
        for name, value in {"patch_size": 256, "patch_size_level0": 512, "target_magnification": 20}.items():
            file["coords"].attrs[name] = value
    return path


def clam(path):
    """Write a file as CLAM does: datasets that grow, a row a chunk, no attributes."""
    with h5py.File(path, "w") as file:
        for name, values in (("features", VALUES.astype(np.float32)), ("coords", PLACES.astype(np.int32))):
            grown = file.create_dataset(
                name, data=values[:2], maxshape=(None, values.shape[1]), chunks=(1, values.shape[1])
            )
            grown.resize(3, axis=0)
            grown[2:] = values[2:]
    return path


@pytest.mark.parametrize("wrote", [trident, clam])
@pytest.mark.parametrize("ending", [".h5", ".hdf5", ".H5"])
def test_features_and_places_of_the_patches_are_read(tmp_path, wrote, ending):
    path = wrote(tmp_path / f"slide{ending}")
    assert array_shape(path) == (3, 2)
    np.testing.assert_array_equal(read_array(path), VALUES)
    assert read_array(path).dtype == np.float32
    assert read_coords(path) == ["0,512", "512,512", "1024,0"]
    assert h5_patch_side(path) == (512 if wrote is trident else None)


@pytest.mark.parametrize("kind", ["f2", "f8", "i1", ">i4", "u2", "?"])
def test_numbers_of_every_kind_are_read(tmp_path, kind):
    values = VALUES.clip(0).astype(kind)
    path = write(tmp_path / "a.h5", features=values)
    np.testing.assert_array_equal(read_array(path), values.astype(np.float32))
    assert read_coords(path) is None


@pytest.mark.parametrize(
    ("datasets", "words"),
    [
        (
            {"coords": PLACES},
            "no dataset 'features', only coords: it says where the patches lie; give the folder",
        ),
        ({"imgs": VALUES}, "no dataset 'features', only imgs$"),
        ({}, "only nothing"),
        (
            {"features": VALUES, "coords": PLACES[:2]},
            r"coords must be a row an instance, got \(2, 2\) beside",
        ),
        ({"features": np.array([b"a", b"b"])}, "not real numbers"),
        ({"features": VALUES.astype(complex)}, "complex128, not real numbers"),
        ({"features/inside": VALUES}, "features is no dataset"),
    ],
)
def test_what_holds_no_features_is_named(tmp_path, datasets, words):
    with pytest.raises(DataError, match=rf"a\.h5: cannot be read: .*{words}"):
        array_shape(write(tmp_path / "a.h5", **datasets))


def test_a_slide_with_one_vector_is_no_bag(tmp_path):
    with pytest.raises(DataError, match=r"must be \(R, F\), got shape \(2,\)"):
        read_array(write(tmp_path / "a.h5", features=VALUES[0]))


def test_features_that_are_not_finite_are_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.h5, instance 1: a feature that is not a finite number"):
        read_array(write(tmp_path / "a.h5", features=np.where(VALUES == 4, np.nan, VALUES)))


def test_nothing_is_read_from_another_file(tmp_path):
    other = write(tmp_path / "other.h5", features=VALUES)
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["features"] = h5py.ExternalLink(str(other), "features")
    layout = h5py.VirtualLayout((3, 2), "f8")
    layout[:] = h5py.VirtualSource(str(other), "features", (3, 2))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("features", layout)
    (tmp_path / "raw").write_bytes(VALUES.tobytes())
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file.create_dataset("features", (3, 2), "f8", external=[(str(tmp_path / "raw"), 0, 48)])
    with h5py.File(tmp_path / "lost.h5", "w") as file:
        file["features"] = h5py.SoftLink("/nowhere")
    for name in ("link", "virtual", "raw"):
        with pytest.raises(DataError, match=rf"{name}\.h5: .* features lies in another file"):
            read_array(tmp_path / f"{name}.h5")
    with pytest.raises(DataError, match="a link that leads nowhere"):
        read_array(tmp_path / "lost.h5")


def test_more_than_fits_in_memory_is_refused_by_its_shape(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("features", (10**12, 512), "f4", chunks=(1024, 512))
    with pytest.raises(DataError, match="declares 1000000000000 x 512 numbers"):
        read_array(tmp_path / "a.h5")


def test_a_file_cut_off_anywhere_or_no_file_is_named(tmp_path):
    whole = trident(tmp_path / "whole.h5").read_bytes()
    for end in (0, 7, len(whole) // 3, len(whole) - 1):
        (tmp_path / "cut.h5").write_bytes(whole[:end])
        with pytest.raises(DataError, match=r"cut\.h5: cannot be read"):
            read_array(tmp_path / "cut.h5")


def test_without_h5py_the_message_says_what_to_install(tmp_path, monkeypatch):
    path = trident(tmp_path / "a.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingPackageError, match=r"a\.h5 h5py must be installed: pip install .*\[h5\]"):
        array_shape(path)
    with pytest.raises(MissingPackageError):
        h5_shape(path)
