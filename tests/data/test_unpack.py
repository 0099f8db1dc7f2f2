"""An archive becomes a folder: nothing outside it, nothing of a damaged one unsaid."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from weldon.data.unpack import unpack
from weldon.errors import DataError


def tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("kind", ["tar", "tgz", "zip"])
def test_an_archive_becomes_a_folder(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    files = {"x/one.txt": b"1", "x/y/two.txt": b"22"}
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        tar(path, files, "w:gz" if kind == "tgz" else "w")
    seen: list[int] = []
    unpack(path, tmp_path / "to", progress=lambda what, done, total: seen.append(done))
    assert {name: (tmp_path / "to" / name).read_bytes() for name in files} == files
    assert seen == sorted(seen)


def test_a_tar_of_tars_gets_a_folder_each(tmp_path):
    inner = {
        name: tar(tmp_path / f"{name}.tar", {f"{name}_1.JPEG": name.encode()}) for name in ("n01", "n02")
    }
    outer = tar(tmp_path / "train.tar", {f"{name}.tar": path.read_bytes() for name, path in inner.items()})
    unpack(outer, tmp_path / "train")
    assert (tmp_path / "train" / "n02" / "n02_1.JPEG").read_bytes() == b"n02"
    assert not (tmp_path / "train" / "n02.tar").exists()


@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/outside.txt"])
def test_nothing_is_written_outside_the_folder(tmp_path, name):
    path = tar(tmp_path / "a.tar", {name: b"1"})
    with contextlib.suppress(DataError):  # refused, or put inside the folder after all
        unpack(path, tmp_path / "deep" / "to")
    assert not (tmp_path / "deep" / "outside.txt").exists()
    assert not Path("/tmp/outside.txt").exists()


def test_a_damaged_archive_is_named(tmp_path):
    path = tar(tmp_path / "a.tgz", {"one.txt": b"1" * 9999}, "w:gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"a\.tgz cannot be unpacked"):
        unpack(path, tmp_path / "to")


@pytest.mark.parametrize("place", ["middle", "checksum"])
def test_a_flipped_bit_is_found_by_the_checksum(tmp_path, place):
    path = tar(tmp_path / "a.tgz", {"one.bin": os.urandom(20_000)}, "w:gz")
    content = bytearray(path.read_bytes())
    content[10_000 if place == "middle" else -6] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.tgz cannot be unpacked"):
        unpack(path, tmp_path / "to")


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_what_is_no_archive_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match=rf"(?s){name} cannot be unpacked: .*remove it and run again"):
        unpack(tmp_path / name, tmp_path / "to")


def test_files_that_are_there_are_replaced_and_others_stay(tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "one.txt").write_text("old")
    (tmp_path / "to" / "mine.txt").write_text("mine")
    unpack(tar(tmp_path / "a.tar", {"one.txt": b"new"}), tmp_path / "to")
    assert (tmp_path / "to" / "one.txt").read_text() == "new"
    assert (tmp_path / "to" / "mine.txt").read_text() == "mine"
