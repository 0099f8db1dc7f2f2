"""An archive becomes a folder: nothing outside it, nothing of a damaged one unsaid."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fixtures.archives import tar
from weldon.data.public.unpack import unpack
from weldon.errors import DataError


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


def plain(name: str, content: bytes = b"1", **facts) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for fact, value in facts.items():
        setattr(member, fact, value)
    return member, content


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return path


def everything_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


LEADING_OUT = ("../x", "a/../../x", "/x", "//x", "..", "...tar", "a/...tar", "..\\x", "C:\\x", "C:x", "\\x")


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize("name", LEADING_OUT)
def test_a_name_that_leads_out_is_refused_and_writes_nothing(tmp_path, name, kind):
    path = tmp_path / f"a.{kind}"
    inner = tar_of(tmp_path / "inner", plain("x")).read_bytes()
    if kind == "tar":
        tar_of(path, plain(name, inner if name.endswith(".tar") else b"1"))
    elif name.endswith(".tar"):
        pytest.skip("only a tar's tars are unpacked")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"1")
    before = everything_in(tmp_path) | {"deep", "deep/to"}
    with pytest.raises(DataError, match=r"a\.(tar|zip) cannot be trusted: .* leads out of the folder"):
        unpack(path, tmp_path / "deep" / "to")
    assert everything_in(tmp_path) - {"deep/to/a"} == before


def test_a_member_of_an_inner_tar_that_leads_out_is_refused(tmp_path):
    inner = tar_of(tmp_path / "inner", plain("../../x")).read_bytes()
    with pytest.raises(DataError, match="leads out"):
        unpack(tar_of(tmp_path / "a.tar", plain("n01.tar", inner)), tmp_path / "to")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    (tmp_path / "secret").write_text("kept")
    link = plain("a", b"", type=kind, linkname=str(tmp_path / "secret"))
    path = tar_of(tmp_path / "a.tar", link, plain("a", b"evil"))
    with pytest.raises(DataError, match="'a' is a link or a device"):
        unpack(path, tmp_path / "to")
    assert (tmp_path / "secret").read_text() == "kept"
    assert everything_in(tmp_path / "to") == set()


def test_a_link_in_a_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        member = zipfile.ZipInfo("a")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(DataError, match="'a' is a link or a device"):
        unpack(tmp_path / "a.zip", tmp_path / "to")


def test_two_files_of_one_name_are_refused_and_two_spellings_only_where_the_disk_confuses_them(tmp_path):
    with pytest.raises(DataError, match=r"'x/a\.jpg' is there twice"):
        unpack(tar_of(tmp_path / "a.tar", plain("x/a.jpg"), plain("x/a.jpg", b"2")), tmp_path / "one")
    both = tar_of(tmp_path / "b.tar", plain("a.jpg"), plain("A.jpg", b"2"))
    (tmp_path / "CASE").touch()
    if (tmp_path / "case").exists():
        with pytest.raises(DataError, match=r"'A\.jpg' is there twice"):
            unpack(both, tmp_path / "two")
    else:
        unpack(both, tmp_path / "two")
        assert everything_in(tmp_path / "two") == {"a.jpg", "A.jpg"}


def test_permissions_of_the_archive_mean_nothing(tmp_path):
    (tmp_path / "usual").touch()
    unpack(tar_of(tmp_path / "a.tar", plain("a", mode=0o6777), plain("b", mode=0)), tmp_path / "to")
    usual = (tmp_path / "usual").stat().st_mode
    assert [(tmp_path / "to" / name).stat().st_mode for name in "ab"] == [usual, usual]


def test_unpacking_again_replaces_files_and_never_what_a_link_points_at(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "a").symlink_to(tmp_path / "mine")
    for content in (b"1", b"22"):
        unpack(tar_of(tmp_path / "a.tar", plain("a", content)), tmp_path / "to")
        assert (tmp_path / "to" / "a").read_bytes() == content
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("kind", ["tgz", "zip", "inner", "header", "tail"])
def test_an_archive_that_swells_is_refused(tmp_path, kind, monkeypatch):
    monkeypatch.setattr("weldon.data.public.unpack._BESIDE", 1 << 20)
    zeros = bytes(30 << 20)
    path = tmp_path / ("a.zip" if kind == "zip" else "a.tgz")
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", zeros)
    elif kind == "inner":
        inner = tar_of(tmp_path / "inner", plain("a", zeros)).read_bytes()
        tar_of(path, plain("b.tar", inner), mode="w:gz")
    elif kind == "header":
        tar_of(path, plain("n", zeros, type=tarfile.GNUTYPE_LONGNAME), plain("a"), mode="w:gz")
    elif kind == "tail":
        path.write_bytes(gzip.compress(tar_of(tmp_path / "a.tar", plain("a")).read_bytes() + zeros))
    else:
        tar_of(path, plain("a", zeros), mode="w:gz")
    with pytest.raises(DataError, match=r"a\.(tgz|zip) (swells|cannot be unpacked: (a header|it swells))"):
        unpack(path, tmp_path / "to")
    written = sum(p.stat().st_size for p in (tmp_path / "to").rglob("*") if p.is_file())
    assert written < 100


def test_a_sparse_file_counts_with_the_length_it_claims(tmp_path, monkeypatch):
    monkeypatch.setattr("weldon.data.public.unpack._BESIDE", 0)
    facts = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a"}
    member, content = plain("a", b"1\n0\n0\n".ljust(512, b"\0"))
    member.pax_headers = {**facts, "GNU.sparse.realsize": str(1 << 40)}
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member, io.BytesIO(content))
    with pytest.raises(DataError, match="swells"):
        unpack(tmp_path / "a.tar", tmp_path / "to")
    assert everything_in(tmp_path / "to") == set()


def test_a_locked_zip_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"1")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + place] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.zip cannot be unpacked: .*encrypted"):
        unpack(tmp_path / "a.zip", tmp_path / "to")


@pytest.mark.parametrize("kind", ["tar", "tgz", "zip"])
def test_whatever_is_damaged_nothing_leaves_the_folder(tmp_path, kind):
    whole = tmp_path / f"a.{kind}"
    inner = tar_of(tmp_path / "inner", plain("x", b"22"), plain("y/z")).read_bytes()
    if kind == "zip":
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x/one.txt", b"1" * 99)
            archive.writestr("two.txt", b"2" * 99)
    else:
        members = (plain("x/one.txt"), plain("b.tar", inner), plain("l" * 150))
        tar_of(whole, *members, mode="w:gz" if kind == "tgz" else "w")
    rng = np.random.default_rng(0)
    data = whole.read_bytes()
    arena = tmp_path / "arena"
    arena.mkdir()
    for _ in range(150):
        found = bytearray(data)
        for _ in range(int(rng.integers(1, 6))):
            found[int(rng.integers(len(found)))] = int(rng.integers(256))
        bad = tmp_path / f"bad.{kind}"
        bad.write_bytes(bytes(found)[: int(rng.integers(len(found))) if rng.integers(4) == 0 else None])
        with contextlib.suppress(DataError, OSError):
            unpack(bad, arena / "to")
        assert {path.name for path in arena.iterdir()} <= {"to"}
