"""When DATA holds bags, and what a run on them refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fixtures.bags_on_disk import write_bags
from weldon.data import Record
from weldon.errors import DataError, UsageError
from weldon.models import BagNet, create_bag_model, create_model
from weldon.runs.recipe import Recipe
from weldon.runs.recipe_file import build_recipe
from weldon.structured import open_bags
from weldon.training.inputs.bags import (
    IMAGE_OPTIONS,
    BagInputs,
    bags_at,
    holds_bags,
    read_bag_labels,
    refuse_image_options,
    unlabelled_note,
)
from weldon.training.inputs.inputs import Prepared


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


def test_a_run_that_goes_on_has_its_features_in_their_first_order(written):
    names = [f"f{number}" for number in range(64)][::-1]
    begun = create_bag_model(64, 2, feature_names=names)
    inputs, notes = BagInputs(bags_at(written.table, written.labels)).as_trained(begun)
    assert inputs.bags.features == tuple(names)
    assert notes[-1] == "bags.csv: columns in another order than in training were matched by name"


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


@pytest.mark.parametrize("option", ["image_size", "freeze", "model", "window"])
def test_options_of_images_are_refused_by_name(written, option):
    value = {"image_size": 64, "freeze": True, "model": "resnet18", "window": (0, 9)}[option]
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


def test_a_network_of_bags_is_standardised_by_the_training_bags_alone(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.array([[1.0, 5.0], [3.0, 5.0]]))
    np.save(tmp_path / "b.npy", np.array([[900.0, 900.0]]))
    bags = open_bags(tmp_path)
    first, second = (Record(path, path.stem, frozenset({"cat"})) for path in bags.paths)
    prepared = Prepared((first,), (second,), (), ("cat", "dog"), "multilabel", BagInputs(bags))
    net = prepared.inputs.build_net(build_recipe({"data": tmp_path}), prepared)
    assert isinstance(net, BagNet)
    assert (net.num_features, net.num_classes) == (2, 2)
    assert net.mean.tolist() == [2.0, 5.0]
    assert net.std.tolist() == [
        1.0,
        torch.finfo(torch.float32).max,
    ]  # the second feature is constant: passed over


def test_the_lines_before_training_say_what_the_bags_hold(tmp_path):
    for name, size in (("a", 1), ("b", 3), ("c", 9)):
        np.save(tmp_path / f"{name}.npy", np.ones((size, 2)) * np.arange(size)[:, None] * [[1, 0]])
    inputs = BagInputs(open_bags(tmp_path))
    records = tuple(Record(path, path.stem, frozenset({"cat"})) for path in inputs.bags.paths)
    prepared = Prepared(records, records, (), ("cat",), "multilabel", inputs)
    made = build_recipe({"data": tmp_path, "k_max": 2, "k_min": 0})
    net = inputs.build_net(made, prepared)
    assert inputs.describe(made, prepared, net) == [
        "instances of 2 features; 1 to 9 a bag, median 3",
        "1 features are constant in training and are passed over: '1'",
        "pooling weldon: k+ = 2 → 2 of 3 instances, k- = 0 → 0 of 3 instances",
    ]
    assert inputs.facts(made, net, records)[::2] == [
        ("Model", "linear in 2 features of an instance"),
        ("Bags", "1 to 9 instances, median 3"),
    ]


def test_bags_have_no_places_and_a_network_of_images_cannot_look_at_them(written):
    inputs = BagInputs(bags_at(written.table, written.labels))
    with pytest.raises(UsageError, match="bags, which have no boxes or masks"):
        inputs.refuse_places()
    with pytest.raises(UsageError, match="was trained on images and cannot score bags"):
        inputs.as_trained(create_model("test_resnet", 2, weights="none"))


def test_a_rate_that_was_given_stays(tmp_path, written):
    inputs = BagInputs(bags_at(written.table, written.labels))
    recipes = [build_recipe({"data": tmp_path, **given}) for given in ({}, {"lr": 0.5})]
    assert [inputs.with_defaults(recipe).lr for recipe in recipes] == [1e-2, 0.5]
