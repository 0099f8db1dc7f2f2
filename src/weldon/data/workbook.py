"""Workbooks as tables: one sheet of an ``.xlsx`` or ``.ods`` file; needs the extra ``excel``."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weldon.counted import counted
from weldon.data.delimited import IMAGE_COLUMN, NAMING, IsHeader, Table, nearest_words, shaped_table
from weldon.data.sheet_marks import Place, SheetMarks, cell_name
from weldon.data.workbook_xml import sheet_marks
from weldon.errors import DataError, MissingPackageError, UsageError, WeldonError, system_reason

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

WORKBOOKS = (".xlsx", ".xlsm", ".ods")
_MOST_DIGITS = 10**15  # spreadsheet programs keep 15 digits of a number
_CONTAINER = b"\xd0\xcf\x11\xe0"  # of a workbook with a password, and of an .xls
_SHOWN = 10  # sheets, or rows, that a message names

Value = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet as it was read.

    Args:
        name: of the sheet.
        values: of each row from the first one on.
        marks: what is to be said of cells beside their values.
        visible: whether the spreadsheet program shows it.
    """

    name: str
    values: list[list[Value]]
    marks: SheetMarks
    visible: bool

    @property
    def first(self) -> tuple[str, ...]:
        """The cells of the first row that is not blank; none where all are."""
        rows = (tuple(cell_text(value).strip() for value in row) for row in self.values)
        return next((row for row in rows if any(row)), ())


def read_workbook(
    path: Path, is_header: IsHeader, *, sheet: str | None = None, missing: str = IMAGE_COLUMN
) -> Table:
    """Return a sheet as a table: every cell as text, whole numbers without a point, doubtful cells told.

    A cell is doubtful where its value is not what a person reads there: an error, a formula whose value is
    not in the file, a part of a merged cell, a date (programs make dates of text such as ``1-2``), a number
    of more than 15 digits.

    Args:
        path: of the workbook.
        is_header: whether some column names are those that are wanted.
        sheet: its name; by default the only one that is shown and has such a header.
        missing: what to say where no sheet has such a header.

    Raises:
        DataError: no workbook that can be read, no usable header, or a column that is there twice.
        UsageError: no such sheet, several that could be meant, or the package is not installed.
    """
    with _Named(path):
        sheets = _sheets(path)
    chosen, notes = _chosen(path, sheets, sheet, is_header, missing)
    texts = [[cell_text(value) for value in row] for row in chosen.values]
    doubts, dates = (
        {(row + 1, column): doubt for (row, column), doubt in found}
        for found in (_doubts(chosen), _dates(chosen))
    )
    for row, column in doubts:  # what stands there is told once
        if row <= len(texts) and column < len(texts[row - 1]):
            texts[row - 1][column] = ""
    notes += _notes(path, chosen)
    return shaped_table(path, texts, notes=notes, sheet=chosen.name, doubts=doubts, dates=dates)


def refuse_sheet(source: Path, sheet: str | None) -> None:
    """Refuse a sheet where there is no workbook.

    Raises:
        UsageError: ``sheet`` is given, and the file or folder ends otherwise.
    """
    if sheet is not None and source.suffix.lower() not in WORKBOOKS:
        raise UsageError(
            f"`sheet` must be left out: {source} is no workbook and has no sheets, got {sheet!r}"
        )


class _Named:
    """Turn whatever reading a damaged file raises into one sentence with its name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, WeldonError) or not isinstance(error, Exception):
            return
        reason = system_reason(error) if isinstance(error, OSError) else str(error) or type(error).__name__
        raise DataError(f"{self.path} is no workbook that can be read: {reason}") from error


def _sheets(path: Path) -> list[Sheet]:
    """Return every sheet with cells; charts and macros are none."""
    try:
        from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum
    except ImportError:
        raise MissingPackageError(f"to read {path}", "python-calamine", "excel") from None
    with path.open("rb") as file:
        if file.read(len(_CONTAINER)) == _CONTAINER:
            raise DataError(
                f"{path} has a password, or is an .xls under another name: save it as .xlsx without one"
            )
    marks = sheet_marks(path)  # first: it refuses what the library would take all memory for
    with CalamineWorkbook.from_path(path) as book:
        return [
            Sheet(
                one.name,
                _values(book, one.name),
                marks.get(one.name, SheetMarks()),
                one.visible == SheetVisibleEnum.Visible,
            )
            for one in book.sheets_metadata
            if one.typ == SheetTypeEnum.WorkSheet
        ]


def _values(book: CalamineWorkbook, name: str) -> list[list[Value]]:
    values: list[list[Value]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return values


def _chosen(
    path: Path, sheets: Sequence[Sheet], wanted: str | None, is_header: IsHeader, missing: str
) -> tuple[Sheet, list[str]]:
    """Return the sheet that is meant, and a note where nobody said so and there are others."""
    names = ", ".join(repr(one.name) for one in sheets[:_SHOWN])
    if wanted is not None:
        found = [one for one in sheets if one.name == wanted]
        found = found or [one for one in sheets if one.name.strip().lower() == wanted.strip().lower()]
        if len(found) != 1:
            raise UsageError(f"`sheet` must be one of {names}, as {path} has them, got {wanted!r}")
        if not found[0].first:
            raise DataError(f"{path}, sheet {found[0].name!r} is empty: it must have a header and rows")
        if not is_header(found[0].first):
            raise _no_header(path, found, missing)
        return found[0], []
    shown = [one for one in sheets if one.visible and one.first]
    usable = [one for one in shown if is_header(one.first)]
    if not shown:
        raise DataError(f"{path} is empty: it must have a header and a row for each image")
    if not usable:
        raise _no_header(path, shown, missing)
    if len(usable) > 1:
        several = ", ".join(repr(one.name) for one in usable[:_SHOWN])
        raise UsageError(f"`sheet` must say which sheet of {path} is meant: {several}")
    note = f"{path.name}: the sheet {usable[0].name!r} of {names} is read (--sheet chooses another)"
    return usable[0], [note] * (len(sheets) > 1)


def _no_header(path: Path, sheets: Sequence[Sheet], missing: str) -> DataError:
    rows = [
        f"sheet {one.name!r}: the first row reads {', '.join(one.first)[:120]}" for one in sheets[:_SHOWN]
    ]
    near = nearest_words([name for one in sheets for name in one.first], NAMING)
    return DataError(
        f"{path}, header: {missing}{near}; the header must be the first row that is not blank:", rows
    )


def cell_text(value: Value) -> str:
    """Return a value as the text that a person would have typed.

    Example:
        >>> cell_text(7.0), cell_text(0.5), cell_text(True), cell_text(datetime.date(2026, 3, 1))
        ('7', '0.5', 'TRUE', '2026-03-01')
    """
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _doubts(sheet: Sheet) -> Iterator[tuple[Place, str]]:
    """Yield each cell whose value is not what a person reads there, with what to do; the last word counts."""
    for place, value in _cells(sheet):
        if isinstance(value, float) and abs(value) >= _MOST_DIGITS:
            yield (
                place,
                "holds a number of more than 15 digits, of which the others are lost: type it as text",
            )
    for place in sheet.marks.unstored:
        yield place, "holds a formula without its value: open the file in a spreadsheet program and save it"
    for place, error in sheet.marks.errors.items():
        yield place, f"holds the error {error[:40]}: correct the formula, or write a value"
    for first, last in sheet.marks.merged:
        said = (
            f"is a part of the merged cell {cell_name(first)}:{cell_name(last)}: unmerge it and fill in each"
        )
        for row in range(first[0], min(last[0] + 1, len(sheet.values))):
            for column in range(first[1], min(last[1] + 1, len(sheet.values[row]))):
                if (row, column) != first:
                    yield (row, column), said


def _dates(sheet: Sheet) -> Iterator[tuple[Place, str]]:
    for place, value in _cells(sheet):
        if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
            said = f"holds a date or time, {cell_text(value)}"
            yield place, f"{said}: if it was typed as a name, format the column as text and type it again"


def _cells(sheet: Sheet) -> Iterator[tuple[Place, Value]]:
    for row, values in enumerate(sheet.values):
        for column, value in enumerate(values):
            yield (row, column), value


def _notes(path: Path, sheet: Sheet) -> list[str]:
    """Return what is to be said about the sheet as a whole."""
    notes, marks = [], sheet.marks
    stored = [place for place in sorted(marks.formulas - marks.unstored) if place not in marks.errors]
    if stored:
        notes.append(
            f"{path.name}: {counted(len(stored), 'cell holds a formula', 'cells hold formulas')} "
            f"({cell_name(stored[0])} for one); "
            "the values are read that were saved with them"
        )
    hidden = [
        row
        for row in sorted(marks.hidden)
        if row < len(sheet.values) and any(map(_is_told, sheet.values[row]))
    ]
    if hidden:
        shown = ", ".join(str(row + 1) for row in hidden[:5]) + (", ..." if len(hidden) > 5 else "")
        notes.append(
            f"{path.name}: {counted(len(hidden), 'row is', 'rows are')} hidden or filtered out, and read "
            f"all the same (row {shown})"
        )
    return notes


def _is_told(value: Value) -> bool:
    return value != ""
