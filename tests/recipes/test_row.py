"""A row of a table is checked when it is read, and its settings are multiplied out."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from weldon.errors import UsageError
from weldon.recipes.row import Look, Row, multiplied

BARE = {"name": "max", "title": "max", "hardware": "an old laptop", "images_per_second": 10.0}


def row(**values) -> Row:
    return Row(**{**BARE, "train": {"pool": "max"}, **values})


def test_lists_in_a_grid_are_multiplied_out_in_order():
    found = row(grid=({"lr": [0.5, 1.0], "weight_decay": [0.0, 0.1]}, {"lr": 2.0}))
    assert found.settings == [
        {"lr": 0.5, "weight_decay": 0.0},
        {"lr": 0.5, "weight_decay": 0.1},
        {"lr": 1.0, "weight_decay": 0.0},
        {"lr": 1.0, "weight_decay": 0.1},
        {"lr": 2.0},
    ]


def test_a_row_without_a_grid_has_one_setting_and_an_empty_list_leaves_none():
    assert row().settings == [{}]
    assert multiplied({"lr": []}) == []


def test_every_run_that_looks_has_its_own_options_over_the_shared_ones():
    found = row(look=Look(models=({}, {"image_size": 96, "pool": "avg"})))
    assert found.models == [{"pool": "max"}, {"pool": "avg", "image_size": 96}]
    assert row().models == [{"pool": "max"}]


@pytest.mark.parametrize(
    "values",
    [
        {"train": {"poolin": "max"}},
        {"grid": ({"lrr": 1.0},)},
        {"look": Look(models=({}, {"sise": 96}))},
        {"train": {"pool": "max", "epochs": 0}},
    ],
)
def test_an_option_of_training_that_does_not_exist_is_found_wherever_it_stands(values):
    with pytest.raises((ValidationError, UsageError), match=r"poolin|lrr|sise|epochs"):
        row(**values)


@pytest.mark.parametrize(
    "values", [{"seeds": ()}, {"images_per_second": 0.0}, {"titel": "max"}, {"look": {"crops": True}}]
)
def test_a_row_that_cannot_be_run_is_refused(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        row(**values)


def test_one_way_to_look_at_a_time():
    with pytest.raises(ValidationError, match="one of ten_crops, scales, models"):
        Look(ten_crops=True, scales=(224, 448))
