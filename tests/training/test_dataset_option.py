"""``--dataset``: the published division trains, and the test images stay out of every choice."""

from __future__ import annotations

import pytest

from weldon.errors import UsageError
from weldon.training.prepare import prepare, read_recipe_labels
from weldon.training.recipe import build_recipe


@pytest.fixture
def birds(tmp_path):
    """CUB-200-2011 with twelve birds of two species, drawn by nobody: prepare reads labels only."""
    root = tmp_path / "CUB_200_2011"
    classes = ("001.Black_footed_Albatross", "002.Laysan_Albatross")
    tables = {
        "classes.txt": classes,
        "images.txt": [],
        "image_class_labels.txt": [],
        "train_test_split.txt": [],
    }
    for number in range(12):
        name = f"{classes[number % 2]}/bird_{number}.jpg"
        (root / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "images" / name).touch()
        values = (name, number % 2 + 1, int(number < 10))
        for table, value in zip(list(tables)[1:], values, strict=True):
            tables[table].append(value)
    for table, values in tables.items():
        (root / table).write_text("".join(f"{row} {value}\n" for row, value in enumerate(values, start=1)))
    return tmp_path


def test_validation_is_drawn_from_train_and_test_is_left_alone(birds):
    prepared = prepare(build_recipe({"data": birds, "dataset": "cub200"}))
    assert (len(prepared.train), len(prepared.val), len(prepared.test)) == (8, 2, 2)
    assert {record.file_name.split("_")[-1] for record in prepared.test} == {"10.jpg", "11.jpg"}
    assert prepared.task == "multiclass"


def test_other_data_is_read_by_its_form(birds, tmp_path):
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "cat" / "a.jpg").touch()
    recipe = build_recipe({"data": birds, "dataset": "cub200"})
    assert read_recipe_labels(recipe, tmp_path / "photos", None).form == "folder"


def test_an_unknown_data_set_lists_the_choices(birds):
    with pytest.raises(UsageError, match=r"`dataset` must be one of voc2007.*got 'birds'"):
        prepare(build_recipe({"data": birds, "dataset": "birds"}))
