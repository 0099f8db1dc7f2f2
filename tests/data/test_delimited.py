"""Rows, cells and separators of a text table; what they mean as labels is in test_table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from weldon.data.delimited import Table, read_columns, read_delimited
from weldon.errors import DataError


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Table]:
    """Return a function that reads a text in which ``file_name`` marks the header."""

    def function(text: str | bytes) -> Table:
        path = tmp_path / "t.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_delimited(path, lambda names: "file_name" in names)

    return function


def test_cells_are_strings_without_their_blanks(read):
    table = read("file_name , n, \n a.png, 007 ,x\n")
    assert table.header == ("file_name", "n", "")
    assert table.rows == ((2, ("a.png", "007", "x")),)


def test_blank_rows_between_others_are_counted_and_named(read):
    table = read("file_name,a\nx.png,1\n\n,,\ny.png,1\n\n\n")
    assert table.notes == ("t.csv: blank rows that are passed over: 2 (row 3, 4)",)
    assert read("\nfile_name,a\nx.png,1\n\n").notes == ()


def test_the_separator_with_the_most_columns_wins(read):
    assert read("file_name;note, longer;n\na.png;b, c;1\n").header == ("file_name", "note, longer", "n")
    assert read("file_name,a|b,n\na.png,1,2\n").rows == ((2, ("a.png", "1", "2")),)


def test_quoted_cells_hold_separators_quotes_and_lines(read):
    table = read('file_name,n\n"a,1.png","two\nlines"\nb.png,"say ""hi"""\n')
    assert [cells for _, cells in table.rows] == [("a,1.png", "two\nlines"), ("b.png", 'say "hi"')]


def test_short_rows_are_filled_and_long_ones_refused_by_number(read):
    assert read("file_name,a,b\nx.png\n").rows == ((2, ("x.png", "", "")),)
    with pytest.raises(DataError, match=r"t\.csv row 3: 4 cells, but the header has 3") as caught:
        read("file_name,a,b\nx.png,1,2\ny.png,1,2,3\nz.png,1,2,3\n")
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("before", ["", "\n", ",,\n", "  \n\n", "sep=,\n", "sep=,\n,,\n"])
def test_blank_rows_before_the_header_are_skipped_and_counted(read, before):
    table = read(f"{before}file_name,a\nx.png,1\n")
    assert table.header == ("file_name", "a")
    assert table.rows == ((2 + before.count("\n"), ("x.png", "1")),)


@pytest.mark.parametrize("text", ["", " \n\n", "sep=;", "sep=;\n \n"])
def test_a_table_without_a_header_is_empty(read, text):
    with pytest.raises(DataError, match=r"t\.csv is empty"):
        read(text)


def test_a_header_without_the_columns_that_count_is_shown(read):
    with pytest.raises(DataError, match=r"no column of image files.*the row reads 'name,cat'"):
        read("name,cat\na.png,1\n")


@pytest.mark.parametrize("text", ["file_name," + "x" * 200_000, "file_name,a\nx.png," + "y" * 200_000])
def test_a_cell_that_no_table_has_is_an_error_about_the_file(read, text):
    with pytest.raises(DataError, match=r"cannot read .*t\.csv as a table"):
        read(text)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: no such file"):
        read_delimited(tmp_path / "none.csv", lambda names: True)


def test_text_in_the_old_encoding_of_windows_is_read_with_a_note(read):
    table = read("file_name,Löwe\na.png,1\n".encode("cp1252"))
    assert table.header == ("file_name", "Löwe")
    assert "t.csv is not UTF-8" in table.notes[0]


@pytest.mark.parametrize("row", ['"x.png,1,2', 'x.png,1,"note', 'x.png,1,"note\ny.png,2,"b"'])
def test_a_quote_that_never_ends_swallows_no_row(read, row):
    with pytest.raises(DataError, match=r"t\.csv row 2: a cell starts with a double quote"):
        read(f"file_name,n,note\n{row}\nz.png,3,4\n")


def test_blanks_after_a_closing_quote_are_cut(read):
    assert read('"file_name" , "n"\n"a.png" ,"1" \n').rows == ((2, ("a.png", "1")),)


def test_marks_at_the_start_are_no_part_of_the_header(read):
    assert read("\ufeff\ufefffile_name,n\na.png,1\n").header == ("file_name", "n")
    assert read('"sep=;"\nfile_name;n\na.png;1\n').rows == ((3, ("a.png", "1")),)


@pytest.mark.parametrize("data", [b"\xff\xfef\0i\0l", b"f\0i\0l\0e\0", b"file_name,n\na\x81.png,1\n"])
def test_what_is_no_text_is_named(read, data):
    with pytest.raises(DataError, match=r"t\.csv (is neither|holds zero bytes)"):
        read(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_are_found_by_name_in_any_order(tmp_path, encoding, separator):
    path = tmp_path / "legend.csv"
    rows = (("Class", "x", "index"), ("cat", "", "1"), ("dog", "", "2"))
    path.write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    assert read_columns(path, "index", "class") == [
        (2, {"index": "1", "class": "cat"}),
        (3, {"index": "2", "class": "dog"}),
    ]


def test_a_missing_column_is_named(tmp_path):
    (tmp_path / "legend.csv").write_text("number,name\n1,cat\n")
    with pytest.raises(DataError, match=r"legend\.csv, header: must hold the columns index and class"):
        read_columns(tmp_path / "legend.csv", "index", "class")
