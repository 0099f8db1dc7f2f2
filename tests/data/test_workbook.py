"""Which sheet of a workbook is read, and how its cells become text."""

from __future__ import annotations

import builtins
import datetime

import pytest

from fixtures.workbooks import Failed, Formula, write_ods, write_xlsx
from weldon.data.workbook import cell_text, read_workbook
from weldon.errors import DataError, UsageError

pytest.importorskip("python_calamine")
HEADER = ["file_name", "cat"]
WRITERS = [(write_xlsx, "t.xlsx"), (write_ods, "t.ods")]


def is_header(names):
    return "file_name" in names


def read(path, **options):
    return read_workbook(path, is_header, **options)


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_cells_are_the_text_that_was_typed(tmp_path, write, name):
    rows = [HEADER, [" a.png ", 1], [7, 0.5], ["b & c", True], ["d", None], ["01", Formula(1)]]
    table = read(write(tmp_path / name, {"one": rows}))
    assert table.header == ("file_name", "cat")
    assert [cells for _, cells in table.rows] == [
        ("a.png", "1"),
        ("7", "0.5"),
        ("b & c", "TRUE"),
        ("d", ""),
        ("01", "1"),
    ]
    assert table.sheet == "one"
    assert not table.doubts
    assert table.notes == (
        f"{name}: 1 cell holds a formula (B6 for one); the values are read that were saved with them",
    )


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_what_a_person_does_not_read_in_a_cell_is_doubted(tmp_path, write, name):
    rows = [HEADER, ["a", Failed()], ["b", Formula()], [datetime.date(2026, 3, 1), 12345678901234567890]]
    table = read(write(tmp_path / name, {"one": rows}))
    assert table.doubts[2, 1].startswith("holds the error #N/A: correct")
    assert table.doubts[3, 1].startswith("holds a formula without its value: open the file")
    assert table.doubts[4, 1].startswith("holds a number of more than 15 digits")
    assert table.dates[4, 0].startswith("holds a date or time, 2026-03-01: if it was typed as a name")


def test_cells_under_a_merged_one_are_doubted(tmp_path):
    rows = [HEADER, ["a", 1], ["b", None]]
    for path in (
        write_xlsx(tmp_path / "t.xlsx", {"one": rows}, merged=["B2:B3"]),
        write_ods(tmp_path / "t.ods", {"one": rows}, spanned={(1, 1): 1}),
    ):
        assert read(path).doubts == {
            (3, 1): "is a part of the merged cell B2:B3: unmerge it and fill in each"
        }


def test_rows_keep_their_numbers_and_blank_and_hidden_ones_are_told(tmp_path):
    rows = [[], HEADER, ["a", 1], [None, None], ["b", 0], [None]]
    table = read(write_xlsx(tmp_path / "t.xlsx", {"one": rows}, hidden_rows=[4, 5]))
    assert table.header_row == 2
    assert [number for number, _ in table.rows] == [3, 5]
    assert table.notes == (
        "t.xlsx: 1 row is hidden or filtered out, and read all the same (row 5)",
        "t.xlsx: blank rows that are passed over: 1 (row 4)",
    )


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_the_only_sheet_with_a_header_is_taken_and_told(tmp_path, write, name):
    path = write(tmp_path / name, {"notes": [["hello"]], "mine": [HEADER, ["a", 1]]})
    table = read(path)
    assert table.sheet == "mine"
    assert table.notes == (f"{name}: the sheet 'mine' of 'notes', 'mine' is read (--sheet chooses another)",)
    assert read(path, sheet="Mine ").notes == ()


def test_of_several_sheets_the_one_that_is_named_is_read(tmp_path):
    path = write_xlsx(
        tmp_path / "t.xlsx", {"new": [HEADER, ["a", 1]], "old": [HEADER, ["a", 0]], "empty": []}
    )
    with pytest.raises(UsageError, match=r"`sheet` must say which sheet of .*t\.xlsx is meant: 'new', 'old'"):
        read(path)
    assert read(path, sheet="old").rows == ((2, ("a", "0")),)
    with pytest.raises(UsageError, match=r"must be one of 'new', 'old', 'empty', as .* has them, got 'odd'"):
        read(path, sheet="odd")
    with pytest.raises(DataError, match="sheet 'empty' is empty"):
        read(path, sheet="empty")


def test_a_hidden_sheet_is_read_where_it_is_named(tmp_path):
    sheets = {"shown": [HEADER, ["a", 1]], "kept": [HEADER, ["a", 0]]}
    path = write_xlsx(tmp_path / "t.xlsx", sheets, hidden=["kept"])
    assert read(path).sheet == "shown"
    assert read(path, sheet="kept").rows == ((2, ("a", "0")),)


def test_without_a_header_the_first_row_of_each_sheet_is_shown(tmp_path):
    path = write_xlsx(tmp_path / "t.xlsx", {"one": [["My table"], HEADER], "two": [["x", "y"]]})
    with pytest.raises(DataError, match="first row that is not blank") as caught:
        read(path)
    assert caught.value.problems == (
        "sheet 'one': the first row reads My table, ",
        "sheet 'two': the first row reads x, y",
    )
    with pytest.raises(DataError, match=r"e\.ods is empty"):
        read(write_ods(tmp_path / "e.ods", {"one": []}))


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 and no more", b"\xd0\xcf\x11\xe0 a password", b"a,b\n1,2\n"]
)
def test_what_is_no_workbook_is_named(tmp_path, ending, content):
    (tmp_path / f"t.{ending}").write_bytes(content)
    with pytest.raises(DataError, match=rf"t\.{ending} (is no workbook|has a password)"):
        read(tmp_path / f"t.{ending}")


def test_a_workbook_that_is_cut_off_anywhere_is_refused_or_read(tmp_path):
    whole = write_xlsx(tmp_path / "t.xlsx", {"one": [HEADER, ["a", 1]]}).read_bytes()
    for end in range(0, len(whole), 97):
        (tmp_path / "cut.xlsx").write_bytes(whole[:end])
        with pytest.raises(DataError, match=r"cut\.xlsx"):
            read(tmp_path / "cut.xlsx")


def test_without_the_package_the_message_says_what_to_install(tmp_path, monkeypatch):
    path = write_xlsx(tmp_path / "t.xlsx", {"one": [HEADER]})
    true_import = builtins.__import__

    def without(name, *rest):
        if name.startswith("python_calamine"):
            raise ImportError(name)
        return true_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        UsageError, match=r"t\.xlsx python-calamine must be installed: pip install .*\[excel\]"
    ):
        read(path)


def test_a_duration_is_told_as_the_program_shows_it():
    assert cell_text(datetime.timedelta(hours=30)) == "1 day, 6:00:00"
