"""Which images train and which validate, and which task they make."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from weldon.data import Record
from weldon.errors import DataError, UsageError
from weldon.runs.recipe_file import build_recipe
from weldon.training.inputs.images import IMAGES
from weldon.training.inputs.prepare import (
    choose_task,
    prepare,
)


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
    assert IMAGES.read(recipe, tmp_path / "photos", None).form == "folder"


def test_an_unknown_data_set_lists_the_choices(birds):
    with pytest.raises(UsageError, match=r"`dataset` must be one of voc2007.*got 'birds'"):
        prepare(build_recipe({"data": birds, "dataset": "birds"}))


def record(name: str, *labels: str, unknown: tuple[str, ...] = ()) -> Record:
    return Record(Path(name), name, frozenset(labels), frozenset(unknown))


def photos(root: Path, text: str, *, name: str = "labels.csv") -> Path:
    """A table and the pictures ``a.png`` to ``d.png`` beside it."""
    root.mkdir(exist_ok=True)
    for letter in "abcd":
        Image.new("RGB", (4, 4)).save(root / f"{letter}.png")
    (root / name).write_text(text)
    return root


def names(records) -> list[str]:
    return [record.file_name for record in records]


LABELS = "file_name,labels,split\na.png,x,train\nb.png,y,train\nc.png,x,{c}\nd.png,y,{d}\n"


def test_the_splits_of_the_table_are_kept(tmp_path):
    data = photos(tmp_path / "data", LABELS.format(c="val", d="test"))
    prepared = prepare(build_recipe({"data": data}))
    assert (names(prepared.train), names(prepared.val)) == (["a.png", "b.png"], ["c.png"])
    assert names(prepared.test) == ["d.png"]
    assert names(prepared.records) == ["a.png", "b.png", "c.png", "d.png"]
    assert (prepared.classes, prepared.noun) == (("x", "y"), "images")


@pytest.mark.parametrize("form", ["folder", "table"])
def test_validation_may_come_from_elsewhere(tmp_path, form):
    data = photos(tmp_path / "data", LABELS.format(c="train", d="train"))
    other = photos(tmp_path / "other", "file_name,labels\na.png,y\n")
    table = photos(tmp_path / "data", "file_name,labels\nd.png,y\n", name="val.csv") / "val.csv"
    (data / "labels.csv").write_text("file_name,labels\na.png,x\nb.png,y\n")
    prepared = prepare(build_recipe({"data": data, "val": str(other if form == "folder" else table)}))
    assert names(prepared.train) == ["a.png", "b.png"]
    assert [record.path for record in prepared.val] == [
        other / "a.png" if form == "folder" else data / "d.png"
    ]


def test_a_validation_that_is_neither_share_nor_place_is_refused(tmp_path):
    data = photos(tmp_path / "data", "file_name,labels\na.png,x\nb.png,y\n")
    with pytest.raises(UsageError, match="a share below 1, a folder or a table that exists, got 'vla'"):
        prepare(build_recipe({"data": data, "val": "vla"}))


def test_a_table_whose_splits_leave_nothing_to_train_on_is_refused(tmp_path):
    text = "file_name,labels,split\na.png,x,test\nb.png,x,test\n"
    with pytest.raises(DataError, match="no training"):
        prepare(build_recipe({"data": photos(tmp_path / "data", text)}))


def test_one_label_everywhere_makes_a_choice_of_one_class():
    assert choose_task("auto", [record("a", "x"), record("b", "y")]) == "multiclass"
    assert choose_task("multilabel", [record("a", "x"), record("b", "y")]) == "multilabel"


@pytest.mark.parametrize("odd", [record("c"), record("c", "x", "y"), record("c", "x", unknown=("y",))])
def test_one_image_with_another_number_of_labels_makes_it_several(odd):
    records = [record("a", "x"), odd]
    assert choose_task("auto", records) == "multilabel"
    with pytest.raises(DataError, match="exactly one label an image; use --task multilabel\n  c: "):
        choose_task("multiclass", records)
