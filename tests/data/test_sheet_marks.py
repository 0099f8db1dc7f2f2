"""Cells by name and by place, and how far the cells of a sheet reach."""

from __future__ import annotations

import pytest

from weldon.data.sheet_marks import SheetMarks, cell_name, cell_place


@pytest.mark.parametrize("number", [0, 25, 26, 51, 52, 701, 702, 16383])
def test_names_of_cells_lead_to_their_places(number):
    assert cell_place(cell_name((4, number))) == (4, number)
    with pytest.raises(ValueError, match="is no cell"):
        cell_place("4A")


def test_a_sheet_reaches_to_its_last_cell_that_is_not_blank():
    marks = SheetMarks()
    assert marks.cells == 0
    for place in ((4, 1), (2, 6)):
        marks.reach(place)
    assert (marks.rows, marks.columns, marks.cells) == (5, 7, 35)
