"""Files are written whole or not at all, and what cannot be read is named."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import pytest

from weldon.errors import DataError
from weldon.files import (
    clear_drafts,
    draft_of,
    json_values,
    parse_json,
    read_csv,
    read_json,
    read_json_object,
    read_text,
    read_toml,
    replacing,
    write_csv,
    write_json,
    write_text,
    write_toml,
)


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})
    with pytest.raises(TypeError), replacing(path) as draft:
        draft.write_text(["half"])
    assert read_json(path) == {"old": 1}
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_full_disk_names_the_file_and_not_the_draft(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(OSError, match="No space") as caught, replacing(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(path)


def test_a_killed_writer_leaves_the_old_file_and_a_draft_that_is_cleared(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    code = (
        "import os, sys; from weldon.files import replacing\n"
        "with replacing(sys.argv[1]) as draft:\n    draft.write_text('half'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    assert path.read_text() == "old"
    assert len(os.listdir(tmp_path)) == 2
    assert len(clear_drafts(tmp_path)) == 1
    assert os.listdir(tmp_path) == ["a.txt"]


def test_drafts_of_dead_processes_are_found_at_any_depth(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    draft = tmp_path / "voc" / "deep" / f".a.xml.{dead.pid}.part"
    draft.parent.mkdir(parents=True)
    draft.write_text("half")
    assert clear_drafts(tmp_path) == [draft]


def test_the_draft_of_a_living_process_is_left(tmp_path):
    draft = draft_of(tmp_path / "a.txt")
    draft.write_text("at work")
    (tmp_path / ".hand.made.part").write_text("somebody's own")
    assert clear_drafts(tmp_path) == []


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127])
def test_the_longest_name_a_disk_takes_can_be_written(tmp_path, name):
    write_text(tmp_path / name, "x")
    assert os.listdir(tmp_path) == [name]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "a.txt"
    link.symlink_to(tmp_path / "real" / "a.txt")
    write_text(link, "x")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "x"


def test_what_is_written_reads_back(tmp_path):
    values = {"a": 1, "b": [0.5, "é"]}
    write_json(tmp_path / "a.json", values)
    write_toml(tmp_path / "a.toml", values)
    rows = [{"name": 'a "b", c\nd', "x": "1"}, {"name": "", "x": "2"}]
    write_csv(tmp_path / "a.csv", rows)
    assert read_json_object(tmp_path / "a.json") == read_toml(tmp_path / "a.toml") == values
    assert read_csv(tmp_path / "a.csv") == rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_of_every_usual_encoding_reads(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("né\r\nb\rc".encode(encoding))
    assert read_text(tmp_path / "a.txt") == "né\nb\nc"


DAMAGE = {
    "no UTF-8": (b'{"a":\n "\xff"}', "row 2 is not UTF-8"),
    "zero bytes": (b'{"a":\n\x00\x00', "row 2 holds a zero byte"),
    "cut off": (b'{"a": [1, 2', "no JSON"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "digits": (b"9" * 5000, "number that is too long"),
    "empty": (b"", "no JSON"),
    "a list": (b"[1]", "must hold a JSON object"),
    "half of UTF-16": (b"\xff\xfe{\x00\x00", "not UTF-8|zero byte|no JSON"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_json_is_named_with_its_file(tmp_path, name):
    content, reason = DAMAGE[name]
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=reason) as caught:
        read_json_object(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"a = ", b"\xff = 1", b"a = " + b"[" * 100_000, b"a = 1\na = 2"])
def test_damaged_toml_is_named_with_its_file(tmp_path, content):
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.toml"):
        read_toml(path)


@pytest.mark.parametrize("content", [b"a,b\n1\n", b"a,b\n1,2,3\n", b'a,b\n1,"2\n', b"a\xff,b\n"])
def test_damaged_tables_are_named_with_their_file(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.csv"):
        read_csv(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.txt: no such file"):
        read_text(tmp_path / "a.txt")
    with pytest.raises(DataError, match="it is a folder"):
        read_text(tmp_path)


def test_json_of_a_row_is_named_with_its_row():
    with pytest.raises(DataError, match=r"labels\.jsonl row 3 is no JSON"):
        parse_json("{", "labels.jsonl row 3")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_no_number_is_null_however_deep_it_lies(number):
    text = json.dumps(json_values({"a": [{"b": (1, number)}]}), allow_nan=False)
    assert json.loads(text) == {"a": [{"b": [1, None]}]}


def test_everything_else_stays():
    values = {"a": [1, 0.5, True, None, "x"]}
    assert json_values(values) == values
