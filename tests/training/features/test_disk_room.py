"""Room for feature maps is asked for before they are computed, in words."""

from __future__ import annotations

import errno
import logging
import shutil
from collections import namedtuple

import pytest

from weldon.errors import DataError
from weldon.training.features.disk_room import cache_folder, failures_told, refuse_small_disk

Usage = namedtuple("Usage", "total used free")


def test_the_cache_lies_where_it_is_told_to(tmp_path, monkeypatch):
    monkeypatch.delenv("WELDON_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache_folder(None) == tmp_path / "user" / "weldon" / "features"
    monkeypatch.setenv("WELDON_CACHE", str(tmp_path / "big"))
    assert cache_folder(None) == tmp_path / "big" / "features"
    assert cache_folder(tmp_path / "mine") == tmp_path / "mine"


def test_the_room_needed_is_said(tmp_path, caplog):
    caplog.set_level(logging.INFO, "weldon")
    refuse_small_disk(tmp_path, 10, (7, 7, 1280))
    assert f"feature maps of 10 images, 7 x 7 x 1,280 numbers each, take 1.3 MB in {tmp_path}" in caplog.text


def test_a_disk_with_too_little_room_is_refused_with_folder_room_and_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 8e9, 10**9))
    with pytest.raises(
        DataError, match=r"need 2.6 GB in .*has 1.0 GB left.*--cache DIR.*WELDON_CACHE"
    ) as told:
        refuse_small_disk(tmp_path, 5008, (14, 14, 1280))
    assert str(tmp_path) in str(told.value)


def test_what_the_system_refuses_names_folder_and_reason_but_no_draft(tmp_path):
    with pytest.raises(DataError) as told, failures_told(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / ".a.b.1.c.part" / "maps.npy"))
    assert f"{tmp_path}: no room left on the disk" in str(told.value)
    assert ".part" not in str(told.value)
