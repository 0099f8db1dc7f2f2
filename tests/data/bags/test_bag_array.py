"""Arrays of every kind of number are read; headers that lie, archives, pickles are named, never loaded."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

from weldon.data.bags import bag_array as array_size
from weldon.data.bags.bag_array import array_shape, read_array, read_coords
from weldon.errors import DataError


def test_what_fits_passes_and_what_does_not_is_named(monkeypatch):
    monkeypatch.setattr(array_size, "machine_memory", lambda: 80)
    array_size.refuse_too_large(Path("a.npy"), (4, 5))
    with pytest.raises(DataError, match=r"a\.npy declares 4 x 6 numbers"):
        array_size.refuse_too_large(Path("a.npy"), (4, 6))


def test_this_machine_has_memory():
    assert array_size.machine_memory() > 1 << 27


VALUES = np.array([[1.0, -2.0], [0.5, 4.0], [3.0, 0.0]])


@pytest.mark.parametrize("kind", ["<f2", "<f4", ">f4", "<f8", ">f8", "i1", ">i4", "u2", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numpy_numbers_of_every_kind_and_order_are_read(tmp_path, kind, order):
    values = np.asarray(VALUES.clip(0) if kind == "u2" else VALUES).astype(kind, order=order)
    np.save(tmp_path / "a.npy", values)
    found = read_array(tmp_path / "a.npy")
    assert array_shape(tmp_path / "a.npy") == (3, 2)
    assert (found.dtype, found.flags.c_contiguous) == (np.dtype(np.float32), True)
    np.testing.assert_array_equal(found, values.astype(np.float32))


@pytest.mark.parametrize(
    "kind",
    [torch.bfloat16, torch.float16, torch.float64, torch.int32, torch.bool, torch.float8_e5m2],
)
def test_tensors_of_every_kind_are_read(tmp_path, kind):
    values = torch.from_numpy(VALUES).to(kind)
    save_torch({"features": values}, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(read_array(tmp_path / "a.safetensors"), values.float().numpy())


def header(shape, kind="<f4", rest=b""):
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (117 - len(text)) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + rest


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (header((10**12, 512)), r"declares shape \(1000000000000, 512\).* cut off"),
        (header((-1, 2)), "cut off"),
        (header((2, 2), rest=b"\0" * 15), "16 bytes, but 15 are there"),
        (header((2, 2), rest=b"\0" * 32), "16 bytes follow its array"),
        (header((1, 2), "|O", b"\0" * 16), "pickled objects, which are never loaded"),
        (header((1, 2), "<c8", b"\0" * 16), "complex64, not real numbers"),
        (header((1, 2), "<U2", b"\0" * 16), "not real numbers"),
        (header((1, 2), "|V2", b"\0" * 4), "not real numbers"),
        (header("(" * 90, rest=b"\0" * 16), "cannot be read"),
        (b"\x93NUMPY\x07\x00", "cannot be read"),
        (b"\x93NUM", "no array that numpy.save wrote"),
        (b"", "no array that numpy.save wrote"),
        (b"no array", "no array that numpy.save wrote"),
        (b"\x80\x04\x95", "no array that numpy.save wrote"),
    ],
)
def test_a_file_that_is_no_array_of_numbers_is_named(tmp_path, content, words):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    for look in (array_shape, read_array):
        with pytest.raises(DataError, match=words) as error:
            look(path)
        assert str(path) in str(error.value)


def test_an_archive_called_npy_says_what_it_is(tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:
        np.savez(file, x=VALUES)
    with pytest.raises(DataError, match=r"a\.npy: cannot be read: it is an \.npz archive"):
        array_shape(tmp_path / "a.npy")


def test_a_pickle_is_never_executed(tmp_path):
    class Harm:
        def __reduce__(self):
            return (tmp_path.joinpath("harm").write_text, ("done",))

    np.save(tmp_path / "a.npy", np.array([Harm()], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="never loaded"):
        read_array(tmp_path / "a.npy")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("cut", [0, 4, 8, 40, -1])
def test_tensors_that_are_cut_off_are_named(tmp_path, cut):
    path = tmp_path / "a.safetensors"
    save_file({"features": VALUES}, path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"a\.safetensors: cannot be read"):
        array_shape(path)


@pytest.mark.parametrize("claim", [b"[1000000000000,512]", b"[3,3]", b"[-3,2]", b"[18446744073709551615,2]"])
def test_tensors_whose_header_lies_are_named(tmp_path, claim):
    path = tmp_path / "a.safetensors"
    save_file({"features": VALUES}, path)
    text = path.read_bytes()[8:].replace(b"[3,2]", claim, 1)
    length = text.index(b"}}") + 2
    path.write_bytes(struct.pack("<Q", length) + text[:length] + text[length:].lstrip(b" "))
    with pytest.raises(DataError, match=r"a\.safetensors"):
        array_shape(path)


def test_coords_name_instances_in_full_and_must_be_a_row_each(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"x": VALUES, "coords": np.array([[1234567, 0], [256, 1], [2, 3]])}, path)
    assert read_coords(path) == ["1234567,0", "256,1", "2,3"]
    save_torch({"x": torch.from_numpy(VALUES), "coords": torch.tensor([[0.1], [256.0], [3.0]])}, path)
    assert read_coords(path) == ["0.1", "256", "3"]
    for wrong in (np.zeros((2, 2)), np.zeros(3)):
        save_file({"x": VALUES, "coords": wrong}, path)
        with pytest.raises(DataError, match="coords must be a row an instance"):
            array_shape(path)


def test_an_instance_that_is_not_finite_is_named_with_its_bag(tmp_path):
    values = np.ones((3, 2))
    values[1, 0] = 1e300  # finite, but not in single precision
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(DataError, match=r"a\.npy, instance 1: .* not a finite number"):
        read_array(tmp_path / "a.npy")


def test_a_pipe_is_named_and_not_waited_for(tmp_path):
    for name in ("a.npy", "a.safetensors"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(DataError, match="a pipe or a device"):
            array_shape(tmp_path / name)


def test_a_bag_larger_than_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", VALUES)
    monkeypatch.setattr(array_size, "machine_memory", lambda: 8)
    with pytest.raises(DataError, match=r"a\.npy declares 3 x 2 numbers"):
        read_array(tmp_path / "a.npy")
