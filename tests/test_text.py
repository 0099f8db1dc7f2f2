"""Encoding and separator of a text table are found; what is no text is named by its file."""

from __future__ import annotations

import pytest

from weldon.errors import DataError
from weldon.text import best_separator, header_cells, is_blank, names_separator, text_encoding


@pytest.mark.parametrize(
    ("encoding", "found", "notes"),
    [
        ("utf-8", "utf-8-sig", 0),
        ("utf-8-sig", "utf-8-sig", 0),
        ("utf-16", "utf-16", 0),
        ("cp1252", "cp1252", 1),
    ],
)
def test_an_encoding_is_found_and_a_guess_is_said(tmp_path, encoding, found, notes):
    path = tmp_path / "a.csv"
    path.write_bytes("bag,größe\nx,1\n".encode(encoding))
    named, said = text_encoding(path)
    assert (named, len(said)) == (found, notes)
    assert path.read_bytes().decode(named) == "bag,größe\nx,1\n"


def test_a_letter_that_two_chunks_share_is_no_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x" * ((1 << 20) - 1) + "ö", encoding="utf-8")
    assert text_encoding(path) == ("utf-8-sig", ())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "workbook"),
        (b"\xef\xbb\xbfbag\n\x81", "neither"),
        (b"bag,u\nx,\x00\n", "zero bytes"),
        (b"bag,u\n\x81\x8d,1\n", "neither UTF-8, UTF-16 nor Windows-1252"),
        ("bag,u\nx,1\n".encode("utf-16")[:-1], "neither"),
    ],
)
def test_what_is_no_text_names_the_file(tmp_path, content, words):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as error:
        text_encoding(path)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv: no such file"):
        text_encoding(tmp_path / "a.csv")


def test_the_separator_of_the_most_columns_wins_and_none_is_said():
    def with_bag(names):
        return "bag" in names

    assert best_separator("bag\tu, v\tw", with_bag) == "\t"
    assert best_separator("slide;u", with_bag) is None
    assert header_cells(' bag ; "a;b"', ";") == ["bag", "a;b"]


def test_lines_that_are_no_rows():
    assert is_blank(" ;;\t,|")
    assert not is_blank(";a;")
    assert names_separator("SEP=;\n")
    assert not names_separator("bag;u")


@pytest.mark.parametrize("content", [b"\xef", b"\xef\xbb"])
def test_half_a_mark_is_no_utf_8(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert path.read_bytes().decode(text_encoding(path)[0])
