"""A picture inside a tar is found by where its bytes lie; nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.data.shards.member import member_bytes, member_path, shard_of


@pytest.fixture
def shard(tmp_path) -> Path:
    path = tmp_path / "train-000000.tar"
    path.write_bytes(b"head" + b"picture" + b"tail")
    return path


def test_the_path_of_a_member_gives_its_bytes_back(shard):
    path = member_path(shard, 4, 7, ".jpg")
    assert path == shard / "4-7.jpg"
    assert shard_of(path) == shard
    assert member_bytes(path) == b"picture"


@pytest.mark.parametrize("name", ["4-7-9.jpg", "a.jpg", "-4-7.jpg", "4-.jpg", "4-7.jpg.exe"])
def test_another_name_below_a_tar_is_no_member(shard, name):
    assert shard_of(shard / name) is None
    assert member_bytes(shard / name) is None


def test_a_folder_that_is_called_like_a_tar_holds_files_of_their_own(tmp_path):
    folder = tmp_path / "photos.tar"
    folder.mkdir()
    (folder / "4-7.jpg").write_bytes(b"a file")
    assert member_bytes(folder / "4-7.jpg") is None


def test_a_shard_that_is_too_short_is_named_with_what_to_do(shard):
    with pytest.raises(OSError, match=r"train-000000\.tar ends before it: copy the shard again"):
        member_bytes(member_path(shard, 4, 700, ".jpg"))
