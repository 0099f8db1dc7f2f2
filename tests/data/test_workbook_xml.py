"""What the XML of a workbook says of cells beside their values."""

from __future__ import annotations

import zipfile

import pytest

from fixtures.workbooks import Failed, Formula, write_ods, write_xlsx
from weldon.data import workbook_xml as module
from weldon.data.workbook_xml import sheet_marks
from weldon.errors import DataError

ROWS = [["a", 1, Formula(2)], [Failed("#DIV/0!"), Formula(), Formula("")], ["x", None, 3]]


def test_both_formats_say_the_same_of_their_cells(tmp_path):
    excel = sheet_marks(write_xlsx(tmp_path / "a.xlsx", {"one": ROWS}, merged=["C2:C3"]))["one"]
    open_ = sheet_marks(write_ods(tmp_path / "a.ods", {"one": ROWS}, spanned={(1, 2): 1}))["one"]
    assert excel == open_
    assert excel.errors == {(1, 0): "#DIV/0!"}
    assert excel.unstored == {(1, 1)}
    assert excel.formulas == {(0, 2), (1, 0), (1, 1), (1, 2)}
    assert excel.merged == [((1, 2), (2, 2))]
    assert (excel.rows, excel.columns) == (3, 3)


def test_formulas_that_nobody_worked_out_have_no_value(tmp_path):
    """A program that only writes files stores 0 and asks the next one to work the formulas out."""
    marks = sheet_marks(write_xlsx(tmp_path / "a.xlsx", {"one": [[Formula(0), 1]]}, stale=True))["one"]
    assert marks.unstored == {(0, 0)}


def test_hidden_rows_are_told(tmp_path):
    assert sheet_marks(write_xlsx(tmp_path / "a.xlsx", {"one": ROWS}, hidden_rows=[2]))["one"].hidden == {1}


def test_a_cell_that_stands_for_many_is_an_error_in_each(tmp_path):
    path = write_ods(tmp_path / "a.ods", {"one": [[Failed()]]})
    with zipfile.ZipFile(path) as archive:
        text = archive.read("content.xml").decode()
    with zipfile.ZipFile(path, "w") as archive:
        many = '<table:table-cell table:number-columns-repeated="3" table:formula'
        archive.writestr("content.xml", text.replace("<table:table-cell table:formula", many))
    assert set(sheet_marks(path)["one"].errors) == {(0, 0), (0, 1), (0, 2)}


def test_a_comment_is_no_value(tmp_path):
    path = write_ods(tmp_path / "a.ods", {"one": [["a", None]]})
    with zipfile.ZipFile(path) as archive:
        text = archive.read("content.xml").decode()
    noted = (
        "<table:table-cell><office:annotation><text:p>#N/A</text:p></office:annotation></table:table-cell>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", text.replace("<table:table-cell/>", noted))
    assert sheet_marks(path)["one"].columns == 1


def test_a_document_type_is_refused(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", {"one": ROWS})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/worksheets/sheet1.xml", '<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>')
    with pytest.raises(DataError, match="declares a document type"):
        sheet_marks(path)


def test_more_than_a_table_holds_is_refused_before_it_is_read(tmp_path, monkeypatch):
    far = [[]] * 9999 + [[None] * 3000 + [1]]
    with pytest.raises(DataError, match=r"a\.xlsx, sheet 'one': the last cell that is not blank is DKK10000"):
        sheet_marks(write_xlsx(tmp_path / "a.xlsx", {"one": far}))
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    with pytest.raises(DataError, match="unpacks to"):
        sheet_marks(write_xlsx(tmp_path / "b.xlsx", {"one": ROWS}))
