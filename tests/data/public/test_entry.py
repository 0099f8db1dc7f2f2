"""What an entry of the catalogue says of its archives, and where its folder is looked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weldon.data.public.catalogue import CATALOGUE
from weldon.data.public.entry import Archive, find_folder
from weldon.errors import DataError


@pytest.mark.parametrize(
    ("name", "packed"),
    [("a.tar", True), ("a.tar.gz", True), ("a.tgz", True), ("a.zip", True), ("a.txt", False)],
)
def test_the_ending_says_whether_there_is_anything_to_unpack(name, packed):
    assert Archive(name, ()).is_packed is packed


def test_the_size_is_that_of_the_archives_whose_size_is_known():
    archives = (Archive("a.tar", (), 1_000), Archive("b.tar", ()), Archive("c.tar", (), 234))
    assert replace(CATALOGUE["cub200"], archives=archives).size == 1_234


def test_the_folder_is_the_first_that_holds_all_that_is_needed(tmp_path):
    inner = tmp_path / "CUB"
    inner.mkdir()
    (inner / "images").mkdir()
    (tmp_path / "images").mkdir()
    (inner / "classes.txt").touch()
    assert find_folder(tmp_path, ("CUB",), ("images", "classes.txt"), "CUB") == inner
    (tmp_path / "classes.txt").touch()
    assert find_folder(tmp_path, ("CUB",), ("images", "classes.txt"), "CUB") == tmp_path


def test_a_folder_that_lacks_something_is_named_with_all_that_it_must_hold(tmp_path):
    with pytest.raises(DataError) as caught:
        find_folder(tmp_path, ("CUB",), ("images", "classes.txt"), "CUB-200")
    assert str(caught.value) == (
        f"no CUB-200 in {tmp_path} or {tmp_path / 'CUB'}: it must hold images, classes.txt"
    )
