"""Rows are added whole, none is lost to a kill, a full disk or another writer."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from weldon import growing_table
from weldon.errors import DataError
from weldon.growing_table import append_row, read_rows

COLUMNS = ("file", "note")


def add(path, file: str, note: str = "") -> None:
    append_row(path, {"file": file, "note": note}, COLUMNS)


def files_in(path) -> list[str]:
    return [row["file"] for _, row in read_rows(path, COLUMNS)[0]]


WRITER = """
import sys
from weldon.growing_table import append_row
for number in range(int(sys.argv[3])):
    append_row(sys.argv[1], {"file": f"{sys.argv[2]}{number}", "note": "x" * 300}, ("file", "note"))
    print(number, flush=True)
"""


def writer(path, name: str, count: int) -> subprocess.Popen:
    command = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_rows_come_back_as_they_were_written(tmp_path):
    path = tmp_path / "new" / "t.csv"
    names = ['a, "b".jpg', "é.jpg", " blank .jpg", "c;d.jpg"]
    for name in names:
        add(path, name, "said")
    assert files_in(path) == names
    assert [number for number, _ in read_rows(path, COLUMNS)[0]] == [2, 3, 4, 5]


def test_a_killed_writer_loses_no_row_it_had_written(tmp_path):
    for attempt in range(3):
        path = tmp_path / f"{attempt}.csv"
        process = writer(path, "a", 100_000)
        while not path.exists() or path.stat().st_size < 5_000 * (attempt + 1):
            time.sleep(0.005)
        process.kill()
        told = len(process.communicate()[0].splitlines())
        kept = files_in(path)
        assert kept == [f"a{number}" for number in range(len(kept))]
        assert told <= len(kept) <= told + 1
        assert told > 0


def test_a_file_that_its_first_writer_has_only_made_has_no_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.touch()
    assert read_rows(path, COLUMNS) == ([], None)
    add(path, "a.jpg")
    assert files_in(path) == ["a.jpg"]


def test_a_reader_waits_until_the_row_is_whole(tmp_path):
    path = tmp_path / "t.csv"
    add(path, "a.jpg")
    read: list[str] = []
    with growing_table._locked(path) as descriptor:
        os.write(descriptor, b"b.j")
        reader = threading.Thread(target=lambda: read.extend(files_in(path)))
        reader.start()
        reader.join(0.2)
        assert reader.is_alive()
        os.write(descriptor, b"pg,said\n")
    reader.join()
    assert read == ["a.jpg", "b.jpg"]


def test_two_processes_lose_no_row(tmp_path):
    path = tmp_path / "t.csv"
    writers = [writer(path, name, 60) for name in "ab"]
    assert [process.communicate() and process.returncode for process in writers] == [0, 0]
    assert sorted(files_in(path)) == sorted(f"{name}{number}" for name in "ab" for number in range(60))


def test_threads_lose_no_row(tmp_path):
    path = tmp_path / "t.csv"

    def work(name: str) -> None:
        for number in range(20):
            add(path, f"{name}{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(files_in(path))) == 80


WHOLE = 'file,note\na.jpg,"x, y"\nb.jpg,"z, w"\n'


@pytest.mark.parametrize("cut", range(len("file,note\n"), len(WHOLE)))
def test_a_row_cut_at_any_byte_costs_that_row_at_most(tmp_path, cut: int):
    path = tmp_path / "t.csv"
    path.write_text(WHOLE[:cut])
    whole = WHOLE[:cut].count("\n") - 1
    assert len(files_in(path)) in (whole, whole + 1)
    add(path, "c.jpg")
    assert files_in(path)[:whole] == ["a.jpg", "b.jpg"][:whole]
    assert files_in(path)[-1] == "c.jpg"


def test_a_last_row_without_a_line_end_stays(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("file,note\na.jpg,by hand")
    add(path, "b.jpg")
    assert files_in(path) == ["a.jpg", "b.jpg"]


def test_what_is_cut_off_is_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("file,note\na.jpg,x\nb.jp")
    assert read_rows(path, COLUMNS)[1] == "b.jp"


@pytest.mark.parametrize("header", ["file;note\n", "image,note\n", "file,notes\n", "file,no"])
def test_a_file_with_another_header_is_left_as_it_is(tmp_path, header: str):
    path = tmp_path / "t.csv"
    path.write_text(header)
    with pytest.raises(DataError, match=r"t\.csv row 1 must read file,note"):
        add(path, "a.jpg")
    assert path.read_text() == header


def test_what_a_spreadsheet_saved_with_its_mark_and_line_ends_grows_on(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbffile,note\r\na.jpg,x\r\n")
    add(path, "b.jpg")
    assert files_in(path) == ["a.jpg", "b.jpg"]


def test_a_full_disk_leaves_the_file_as_it_was_and_names_it(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    add(path, "a.jpg")
    before = path.read_bytes()
    monkeypatch.setattr(growing_table.os, "write", _write_part)
    with pytest.raises(OSError, match="No space") as caught:
        add(path, "b.jpg")
    monkeypatch.undo()
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before


def _write_part(descriptor: int, content: bytes, write=os.write) -> int:
    return write(descriptor, content[:3])


def test_a_file_that_is_replaced_while_the_lock_is_waited_for_gets_the_row(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    add(path, "a.jpg")
    lock, replaced = growing_table.fcntl.flock, []

    def replace_first(descriptor: int, how: int) -> None:
        if not replaced:
            replaced.append(path.with_name("new").write_bytes(path.read_bytes()))
            os.replace(path.with_name("new"), path)
        lock(descriptor, how)

    monkeypatch.setattr(growing_table.fcntl, "flock", replace_first)
    add(path, "b.jpg")
    assert files_in(path) == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("text", ["a;b\n1;2\n", "file\na.jpg\n"])
def test_a_table_without_the_columns_is_named(tmp_path, text: str):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=r"t\.csv row 1 must name the columns file, note"):
        read_rows(path, COLUMNS)


@pytest.mark.parametrize("row", ["a.jpg", "a.jpg,b,c"])
def test_a_row_of_another_length_is_named(tmp_path, row: str):
    path = tmp_path / "t.csv"
    path.write_text(f"file,note\nx.jpg,y\n{row}\nz.jpg,w\n")
    with pytest.raises(DataError, match="row 3"):
        read_rows(path, COLUMNS)
