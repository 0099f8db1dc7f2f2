"""A plan says what would be trained, and trains nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weldon.recipes import list_tables
from weldon.reproduce import reproduce
from weldon.reproduce.plan import plan

GRID = ({"lr": [1e-3, 1e-2]},)


def test_a_plan_counts_runs_and_estimates_their_time(place, row, table):
    (step,) = plan(table(row("max", grid=GRID, seeds=(0, 1, 2))), place)
    assert step.runs == 4  # two settings, and two more seeds of the better one
    assert step.seconds == pytest.approx(4 * 0.8 * 30 * 1 / 10.0)
    assert not (place.out / "runs").exists()


def test_a_run_that_two_rows_share_counts_once(place, row, table):
    assert [step.runs for step in plan(table(row("one"), row("two")), place)] == [1, 0]


def test_what_is_finished_counts_no_more(place, row, table):
    one = table(row("max", grid=GRID, seeds=(0, 1)))
    assert [step.runs for step in plan(one, place)] == [3]
    reproduce(one, replace(place, seeds=(0,)))
    assert [step.runs for step in plan(one, place)] == [1]


def test_larger_images_take_longer(place, row, table):
    (usual,) = plan(table(row("max")), place)
    (larger,) = plan(table(row("max")), replace(place, options={**place.options, "image_size": "128"}))
    assert larger.seconds == pytest.approx(4 * usual.seconds)


@pytest.mark.parametrize("name", list_tables())
def test_every_table_can_be_planned_where_nothing_is(name, place, tmp_path):
    steps = plan(name, replace(place, data_root=tmp_path / "nothing"))
    assert all(step.absent.startswith("needs ") for step in steps)
    assert sum(step.runs for step in steps) > 0
