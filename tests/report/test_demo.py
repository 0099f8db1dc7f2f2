"""The demo trains every pooling on the same scenes and shows them side by side."""

import pytest

from weldon.errors import UsageError
from weldon.report.demo import POOLINGS, SCHEDULE, run_demo
from weldon.report.demo_page import SCENES_SHOWN, write_demo_page


@pytest.mark.slow
def test_a_small_demo_compares_all_poolings_and_writes_its_page(tmp_path):
    out = tmp_path / "demo"
    counts = {"train": 24, "val": 12, "test": 24}
    rows = run_demo(out, seeds=(0,), counts=counts, schedule={**SCHEDULE, "epochs": 1})
    assert [row.name for row in rows] == list(POOLINGS)
    assert all(0 <= share <= 1 for row in rows for share in (*row.map, *row.pointwise))
    page = write_demo_page(out, rows).read_text(encoding="utf-8")
    assert page.count("<h2>") == SCENES_SHOWN
    assert all(cell in page for row in rows for cell in row.cells())


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path):
    mine = tmp_path / "thesis.txt"
    mine.write_text("years of work")
    with pytest.raises(UsageError, match="no demo"):
        run_demo(tmp_path)
    assert mine.read_text() == "years of work"
