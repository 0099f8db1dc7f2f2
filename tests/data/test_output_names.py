"""Names of files stay inside their folder, and no two things share one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weldon.data.output_names import FreeNames, inside, one_name, refuse_shared, shortened_name
from weldon.errors import DataError

nasty = st.text(st.sampled_from(list("aA./\\:C\0\n ~é")), max_size=12)


@given(nasty)
def test_no_name_leads_out_of_the_folder(name):
    path = inside("/out", name)
    assert Path("/out") in path.parents
    assert ".." not in path.parts
    assert not any(ord(character) < 32 for character in str(path))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("day 1/a.jpg", "day 1/a.jpg"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\data\\a.jpg", "data/a.jpg"),
        ("..", "_"),
        ("", "_"),
        ("...", "..."),
    ],
)
def test_what_leads_out_is_dropped(name, path):
    assert inside("out", name) == Path("out", path)


@given(
    st.lists(st.sampled_from(["a.png", "A.png", "a.2.png", "caf\u00e9", "cafe\u0301", "b/a"]), max_size=12)
)
def test_a_name_is_given_out_once(wanted):
    names = FreeNames()
    given_out = [names.claim(name, f"{name}.x") for name in wanted]
    assert len({one_name(name) for name in given_out}) == len(wanted)


def test_the_wanted_name_comes_first_then_the_others():
    names = FreeNames()
    assert [names.claim("a", "a.png") for _ in range(4)] == ["a", "a.png", "a.2.png", "a.3.png"]


def test_images_that_would_share_a_file_are_listed():
    refuse_shared(["a.jpg", "b/a.jpg", "a.x.jpg"], "VOC")
    with pytest.raises(DataError) as caught:
        refuse_shared(["a.jpg", "A.png", "b.jpg", "./b.jpg"], "VOC")
    assert caught.value.problems == ("a.jpg and A.png", "b.jpg and ./b.jpg")


def test_a_name_longer_than_a_disk_takes_is_cut_before_its_ending():
    assert shortened_name("é" * 200 + ".jpg", 21) == "é" * 8 + ".jpg"
    assert len(inside("out", "x" * 300).name) == 190
