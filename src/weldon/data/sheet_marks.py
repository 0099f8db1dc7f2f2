"""What is said of the cells of a sheet beside their values: errors, formulas, merged and hidden ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Place = tuple[int, int]  # row and column, from 0
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass(slots=True)
class SheetMarks:
    """What is to be said of the cells of one sheet.

    Args:
        errors: what stands in cells whose formula failed, as ``#N/A``.
        formulas: cells that are worked out from others.
        unstored: those of them whose value is not in the file.
        merged: the first and the last cell of each rectangle that was merged into one.
        hidden: rows that the spreadsheet program does not show.
        rows: as many as there are down to the last cell that is not blank.
        columns: likewise to the right.
    """

    errors: dict[Place, str] = field(default_factory=dict)
    formulas: set[Place] = field(default_factory=set)
    unstored: set[Place] = field(default_factory=set)
    merged: list[tuple[Place, Place]] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    rows: int = 0
    columns: int = 0

    @property
    def cells(self) -> int:
        """How many cells the smallest rectangle has that holds all that are not blank."""
        return self.rows * self.columns

    def reach(self, place: Place) -> None:
        """Note that a cell is not blank."""
        self.rows, self.columns = max(self.rows, place[0] + 1), max(self.columns, place[1] + 1)


def cell_name(place: Place) -> str:
    """Return a cell's name as spreadsheet programs write it.

    Example:
        >>> cell_name((0, 0)), cell_name((11, 27))
        ('A1', 'AB12')
    """
    letters, left = "", place[1] + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{place[0] + 1}"


def cell_place(name: str) -> Place:
    """Return where the cell of that name stands.

    Raises:
        ValueError: it is no name of a cell.

    Example:
        >>> cell_place("AB12")
        (11, 27)
    """
    match = _PLACE.fullmatch(name)
    if match is None:
        raise ValueError(f"{name[:20]!r} is no cell")
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]) - 1, column - 1
