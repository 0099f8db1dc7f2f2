"""Read from a workbook's own XML which cells are errors, formulas, merged or hidden.

The library that reads the values shows an error as a blank, and a merged cell as one value and blanks.
Sources: ECMA-376 part 1, 18.3 (SpreadsheetML); OpenDocument 1.3 part 3, 9.1 (tables).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import IO
from xml.parsers import expat

from weldon.data.sheet_marks import SheetMarks, cell_name, cell_place
from weldon.errors import DataError

Attributes = Mapping[str, str]  # by their names without a prefix

MOST_BYTES = 1 << 30  # of a workbook, unpacked
MOST_CELLS = 20_000_000  # of the smallest rectangle that holds all that is not blank
_PIECE = 1 << 16
_HIDDEN_BELOW = 1 << 16  # more rows than that are hidden as the empty end of a sheet
_ERROR = re.compile(r"#[A-Z0-9/]+[!?]?|Err:[0-9]+")
_CELLS = ("table-cell", "covered-table-cell")
_TRUE = ("1", "true")


def sheet_marks(path: Path) -> dict[str, SheetMarks]:
    """Return the marks of every sheet by its name.

    Raises:
        DataError: a document type is declared, or more is in the file than a table of labels holds.
        Exception: whatever ``zipfile`` and ``expat`` raise on what is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        if (size := sum(part.file_size for part in archive.infolist())) > MOST_BYTES:
            raise DataError(f"{path} unpacks to {size:,} bytes: a table of labels has {MOST_BYTES:,} at most")
        found = _opendocument(archive) if "content.xml" in archive.namelist() else _spreadsheetml(archive)
    for name, marks in found.items():
        if marks.cells > MOST_CELLS:
            raise DataError(
                f"{path}, sheet {name!r}: the last cell that is not blank is "
                f"{cell_name((marks.rows - 1, marks.columns - 1))}, too far away for a table of labels: "
                "clear what stands beside and below the table"
            )
    return found


class _Reader:
    """Goes through an XML file: :meth:`start` and :meth:`end` are called for each element."""

    def start(self, name: str, said: Attributes) -> None:
        """Take an element's name and attributes, all without their prefixes."""

    def end(self, name: str, text: str) -> None:
        """Take an element's name and its own text."""

    def read(self, file: IO[bytes]) -> None:
        """Go through a file."""
        texts: list[list[str]] = []

        def begin(name: str, said: dict[str, str]) -> None:
            texts.append([])
            plain = {key.rpartition(":")[2]: value for key, value in said.items()}
            self.start(name.rpartition(":")[2], {**plain, **said})

        def take(text: str) -> None:
            texts[-1].append(text)

        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.StartElementHandler = begin
        parser.EndElementHandler = lambda name: self.end(name.rpartition(":")[2], "".join(texts.pop()))
        parser.CharacterDataHandler = take
        while piece := file.read(_PIECE):
            parser.Parse(piece, False)
        parser.Parse(b"", True)


def _refuse_document_type(name: str, *_: object) -> None:
    raise DataError(f"a part of the workbook declares a document type ({name}): save the workbook anew")


class _Targets(_Reader):
    """Where the parts lie that a part of an ``.xlsx`` file needs, by their keys.

    Args:
        part: its name; "" is the whole file.
    """

    def __init__(self, part: str) -> None:
        self.folder, name = posixpath.split(part)
        self.listed_in = posixpath.join(self.folder, "_rels", f"{name}.rels")
        self.found: dict[str, str] = {}
        self.workbook = ""

    def start(self, name: str, said: Attributes) -> None:
        if name == "Relationship":
            target = posixpath.normpath(posixpath.join("/", self.folder, said["Target"]))[1:]
            self.found[said["Id"]] = target
            if said["Type"].endswith("/officeDocument"):
                self.workbook = target


class _Sheets(_Reader):
    """The keys of the sheets of an ``.xlsx`` file, and whether its formulas are still to be worked out."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.stale = False

    def start(self, name: str, said: Attributes) -> None:
        if name == "sheet":
            self.keys[said["name"]] = said["r:id"] if "r:id" in said else said["id"]
        elif name == "calcPr":
            self.stale = said.get("fullCalcOnLoad") in _TRUE


def _spreadsheetml(archive: zipfile.ZipFile) -> dict[str, SheetMarks]:
    """Return the marks of the sheets of an ``.xlsx`` file."""
    whole = _Targets("")
    with archive.open(whole.listed_in) as file:
        whole.read(file)
    targets, sheets = _Targets(whole.workbook), _Sheets()
    with archive.open(targets.listed_in) as file:
        targets.read(file)
    with archive.open(whole.workbook) as file:
        sheets.read(file)
    found = {}
    for name, key in sheets.keys.items():
        sheet = _Worksheet(stale=sheets.stale)
        with archive.open(targets.found[key]) as file:
            sheet.read(file)
        found[name] = sheet.marks
    return found


class _Worksheet(_Reader):
    """One sheet of an ``.xlsx`` file.

    Args:
        stale: whether the program that wrote the file left the working out of formulas to the next one.
    """

    def __init__(self, *, stale: bool) -> None:
        self.marks = SheetMarks()
        self.stale = stale
        self.row, self.column, self.kind = -1, -1, ""
        self.has_formula = self.has_value = False

    def start(self, name: str, said: Attributes) -> None:
        if name == "row":
            self.row, self.column = int(said.get("r", self.row + 2)) - 1, -1
            if said.get("hidden") in _TRUE:
                self.marks.hidden.add(self.row)
        elif name == "c":
            next_one = (self.row, self.column + 1)
            self.row, self.column = cell_place(said["r"]) if "r" in said else next_one
            self.kind, self.has_formula, self.has_value = said.get("t", ""), False, False
        elif name == "f":
            self.has_formula = True
        elif name == "mergeCell":
            first, _, last = said["ref"].partition(":")
            self.marks.merged.append((cell_place(first), cell_place(last or first)))

    def end(self, name: str, text: str) -> None:
        place = (self.row, self.column)
        if name in ("v", "is"):
            self.has_value = bool(text) or name == "is" or self.kind == "str"  # a formula may give no text
            if self.kind == "e":
                self.marks.errors[place] = text
        elif name == "c" and (self.has_formula or self.has_value):
            self.marks.reach(place)
            if self.has_formula:
                self.marks.formulas.add(place)
            if self.has_formula and (self.stale or not self.has_value):
                self.marks.unstored.add(place)


def _opendocument(archive: zipfile.ZipFile) -> dict[str, SheetMarks]:
    """Return the marks of the sheets of an ``.ods`` file."""
    reader = _OpenDocument()
    with archive.open("content.xml") as file:
        reader.read(file)
    return reader.found


class _OpenDocument(_Reader):
    """All sheets of an ``.ods`` file, where one row or cell may stand for many."""

    def __init__(self) -> None:
        self.found: dict[str, SheetMarks] = {}
        self.marks = SheetMarks()
        self.inside: list[str] = []  # of which elements, outermost first, among those that change the meaning
        self.row = self.rows = self.column = self.columns = 0
        self.cell: Attributes = {}
        self.shown = ""

    def start(self, name: str, said: Attributes) -> None:
        if name in ("table", "annotation"):
            self.inside.append(name)
            if self.inside == ["table"]:
                self.marks = self.found[said.get("name", "")] = SheetMarks()
                self.row = self.rows = 0
        elif self.inside == ["table"] and name == "table-row":
            self.row, self.rows = self.row + self.rows, int(said.get("number-rows-repeated", 1))
            self.column = self.columns = 0
            if said.get("visibility") in ("collapse", "filter") and self.rows < _HIDDEN_BELOW:
                self.marks.hidden.update(range(self.row, self.row + self.rows))
        elif self.inside == ["table"] and name in _CELLS:
            self.column += self.columns
            self.columns = int(said.get("number-columns-repeated", 1))
            self.cell, self.shown = said, ""

    def end(self, name: str, text: str) -> None:
        if name in ("table", "annotation"):
            self.inside.pop()
        elif self.inside == ["table"] and name == "p":
            self.shown += text
        elif self.inside == ["table"] and name in _CELLS:
            self._note_cell()

    def _note_cell(self) -> None:
        said, place = self.cell, (self.row, self.column)
        down, right = (int(said.get(f"number-{way}-spanned", 1)) for way in ("rows", "columns"))
        if down > 1 or right > 1:
            self.marks.merged.append((place, (self.row + down - 1, self.column + right - 1)))
        if not (self.shown or "formula" in said or "value-type" in said):
            return
        self.marks.reach((self.row + self.rows - 1, self.column + self.columns - 1))
        failed = said.get("calcext:value-type") == "error" or _ERROR.fullmatch(self.shown)
        if "formula" not in said or self.marks.cells > MOST_CELLS:
            return
        for each in product(
            range(self.row, self.row + self.rows), range(self.column, self.column + self.columns)
        ):
            self.marks.formulas.add(each)
            if failed:
                self.marks.errors[each] = self.shown
            if "value-type" not in said:
                self.marks.unstored.add(each)
