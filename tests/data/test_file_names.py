"""One rule for names: what no table can carry is named and left out, or refused."""

from __future__ import annotations

import json
import os
import sys

import pytest
from PIL import Image

from weldon.cli import main
from weldon.data.labels import read_labels
from weldon.data.walk import notes_on, walk
from weldon.errors import DataError, UsageError
from weldon.inference.images import expand_images

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
