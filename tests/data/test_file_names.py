"""One rule for names: what no table can carry is named and left out, or refused."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from weldon.cli import main
from weldon.data.file_names import FreeNames, inside, one_name, refuse_shared, shortened_name
from weldon.data.labels import read_labels
from weldon.data.walk import notes_on, walk
from weldon.errors import DataError, UsageError
from weldon.inference.image_list import expand_images

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems make no such names")
ODD = (b"caf\xe9.png", b"a\nb.png", b"a\x1b[31m.png", b"a\tb.png")
FINE = ("a, b.png", 'a "quoted".png', "a;b.png", "é.png", "日本.png", "-x.png", " lead.png")


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "photos" / "cat"
    home.mkdir(parents=True)
    for number, name in enumerate((*ODD, *map(os.fsencode, FINE))):
        Image.new("RGB", (9, 9), (number, 9, 9)).save(home / "x.png")
        os.rename(home / "x.png", os.fsencode(home) + b"/" + name)
    return tmp_path / "photos"


def test_a_walk_leaves_them_out_and_says_so(folder):
    found = walk(folder)
    assert {path.name for path in found.images} == set(FINE)
    (note,) = notes_on(found, folder)
    assert note.startswith("4 names of files or folders are no UTF-8 text or hold control characters")
    assert r"caf\udce9.png" in note
    assert note.isprintable()


def test_a_folder_of_such_a_name_is_left_out_as_a_whole(tmp_path):
    os.mkdir(os.fsencode(tmp_path) + b"/\xff")
    (tmp_path / "\udcff" / "a.png").touch()
    assert (walk(tmp_path).images, len(walk(tmp_path).unfit)) == ([], 1)


def test_labels_of_folders_leave_them_out(folder):
    labels = read_labels(folder)
    assert {record.path.name for record in labels.records} == set(FINE)
    assert any("4 names of files or folders" in note for note in labels.notes)


def test_predicting_a_folder_or_a_pattern_leaves_them_out(folder, caplog):
    assert {image.file_name for image in expand_images(folder)} == {f"cat/{name}" for name in FINE}
    assert "4 names of files or folders" in caplog.text
    caplog.clear()
    assert {image.file_name for image in expand_images(f"{folder}/cat/*.png")} == set(FINE)
    assert caplog.text.count("its name is no UTF-8 text") == 4


def test_a_file_of_such_a_name_by_itself_is_refused(folder):
    with pytest.raises(UsageError, match="rename it"):
        expand_images(os.fsdecode(os.fsencode(folder) + b"/cat/caf\xe9.png"))


def test_a_command_with_such_a_name_is_refused_before_it_runs(folder, capfd):
    with pytest.raises(SystemExit) as left:
        main(["check", os.fsdecode(os.fsencode(folder) + b"/caf\xe9")])
    assert left.value.code == 2
    assert "is no UTF-8 text: rename the file or folder" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["caf\udce9.png", "a\nb.png"])
def test_a_label_file_that_spells_them_is_told_why(folder, name):
    row = json.dumps({"file_name": f"cat/{name}", "labels": ["cat"]})
    (folder / "labels.jsonl").write_text(row)
    with pytest.raises(DataError, match="its name is no UTF-8 text or holds control characters: rename it"):
        read_labels(folder, folder / "labels.jsonl")


def test_check_and_its_figures_say_them_without_a_traceback(folder, capfd):
    for options in ([], ["--json"]):
        with pytest.raises(SystemExit) as left:
            main(["check", str(folder), *options])
        printed = capfd.readouterr()
        assert left.value.code in (0, 1)
        assert "4 names of files or folders" in printed.out


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
