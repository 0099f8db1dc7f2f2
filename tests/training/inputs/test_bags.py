"""When DATA holds bags, and what a run on them refuses."""

from __future__ import annotations

import pytest
from PIL import Image

from fixtures.bags_on_disk import write_bags
from weldon.errors import DataError, UsageError
from weldon.models import create_bag_model, save_model
from weldon.runs.recipe import Recipe, build_recipe
from weldon.training.inputs.bags import (
    IMAGE_OPTIONS,
    bags_at,
    features_of_run,
    holds_bags,
    read_bag_labels,
    refuse_image_options,
    unlabelled_note,
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write_bags(tmp_path_factory.mktemp("bags"), count=8)


@pytest.mark.parametrize(
    ("header", "alone", "with_labels"),
    [
        ("Bag;u", True, True),
        ("slide_id,u", True, True),
        ("patient,u", False, True),  # the bags' own reader then says what is missing, in this file
        ("file_name,slide_id,labels", False, True),
        ("file_name,labels", False, False),
    ],
)
def test_a_table_is_told_by_its_header_and_by_the_labels_beside_it(tmp_path, header, alone, with_labels):
    table = tmp_path / "b.csv"
    table.write_text(header + "\n", encoding="utf-16")
    assert (holds_bags(table), holds_bags(table, tmp_path / "labels.csv")) == (alone, with_labels)


def test_hidden_pictures_make_no_folder_of_images(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"")
    (tmp_path / "._a.png").write_bytes(b"")
    assert holds_bags(tmp_path)


def test_bags_without_a_row_are_counted(written):
    bags = bags_at(written.table, written.labels)
    assert unlabelled_note(bags, bags.paths) == ()
    assert unlabelled_note(bags, bags.paths[2:]) == ("2 bags of bags.csv have no row, 'slide00' for one",)


def test_notes_of_the_bags_are_notes_of_their_labels(tmp_path):
    (tmp_path / "b.csv").write_text("index,bag,u\n0,7,1\n1,8,2\n", encoding="utf-8")
    (tmp_path / "labels.csv").write_text("bag,labels\n007,a\n8,b\n", encoding="utf-8")
    recipe = build_recipe({"data": tmp_path / "b.csv"})
    found = read_bag_labels(recipe, bags_at(tmp_path / "b.csv", tmp_path), tmp_path / "labels.csv")
    assert "'index': left out" in found.notes[0]
    assert "'007' is '7' in b.csv" in found.notes[1]


def test_a_run_that_goes_on_has_its_features_in_their_first_order(written, tmp_path):
    names = [f"f{number}" for number in range(64)][::-1]
    save_model(create_bag_model(64, 2, feature_names=names), tmp_path / "model.safetensors")
    bags, notes = features_of_run(tmp_path / "model.safetensors", bags_at(written.table, written.labels))
    assert (bags.features, len(notes)) == (tuple(names), 1)


def test_tables_with_a_column_bag_and_folders_of_arrays_are_bags(written, tmp_path):
    assert holds_bags(written.table)
    assert holds_bags(written.folder)
    images = tmp_path / "labels.csv"
    images.write_text("file_name,labels\na.jpg,cat\n", encoding="utf-8")
    assert not holds_bags(images)
    assert not holds_bags(tmp_path)
    assert not holds_bags(tmp_path / "nowhere")


def test_a_folder_with_a_picture_is_no_folder_of_bags(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"")
    assert holds_bags(tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert not holds_bags(tmp_path)


def test_bags_without_labels_say_what_to_give(written):
    with pytest.raises(UsageError, match="--labels"):
        bags_at(written.table, None)


def test_a_label_of_a_bag_that_is_not_there_is_named_with_its_row(written, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("bag,labels\nslide00,3\nslide99,8\n", encoding="utf-8")
    recipe = build_recipe({"data": written.table})
    with pytest.raises(DataError, match=r"labels\.csv row 3: no bag 'slide99'"):
        read_bag_labels(recipe, bags_at(written.table, labels), labels)


@pytest.mark.parametrize("option", ["image_size", "freeze", "model"])
def test_options_of_images_are_refused_by_name(written, option):
    value = {"image_size": 64, "freeze": True, "model": "resnet18"}[option]
    with pytest.raises(UsageError, match="--" + option.replace("_", "-")):
        refuse_image_options(build_recipe({"data": written.table, option: value}))


def test_the_options_of_images_are_options_of_the_recipe(written):
    assert set(IMAGE_OPTIONS) <= set(Recipe.model_fields)
    refuse_image_options(build_recipe({"data": written.table}))


def test_labels_without_a_column_of_bags_say_what_to_call_it(written, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("patient,labels\nslide00,3\n", encoding="utf-8")
    recipe = build_recipe({"data": written.table})
    with pytest.raises(DataError, match="or bag where"):
        read_bag_labels(recipe, bags_at(written.table, labels), labels)
