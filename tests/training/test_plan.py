"""The lines before training count what is there, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.data import Record
from weldon.models import create_bag_model
from weldon.runs.recipe_file import build_recipe
from weldon.training.inputs.images import IMAGES
from weldon.training.inputs.inputs import Prepared
from weldon.training.plan import class_lines, describe, describe_training, spell_pooling


def record(name: str, *labels: str, unknown: tuple[str, ...] = ()) -> Record:
    return Record(Path(name), name, frozenset(labels), frozenset(unknown))


RECORDS = (
    record("a", "cat"),
    record("b", "cat", "elephant"),
    record("c", unknown=("elephant",)),
    record("d", unknown=("elephant",)),
)


def test_a_class_has_a_line_with_what_shows_it_and_what_nobody_filled_in():
    assert class_lines(RECORDS, ("cat", "elephant")) == [
        "  cat            2 present",
        "  elephant       1 present       2 unknown",
    ]


@pytest.mark.parametrize(
    ("pool", "options", "words"),
    [
        ("weldon", {"k_max": "20%", "k_min": 3}, "k+ = 20% → 2 of 9 regions, k- = 3 → 3 of 9 regions"),
        ("weldon", {"k_max": 2, "k_min": 0}, "k+ = 2 → 2 of 9 regions, k- = 0 → 0 of 9 regions"),
        ("max", {}, ""),
    ],
)
def test_counts_of_regions_are_resolved(pool, options, words):
    recipe = build_recipe({"data": ".", "pool": pool, **options})
    net = create_bag_model(3, 2, pool=pool, **recipe.pool_options)
    assert spell_pooling(recipe, net, 9) == (f"{pool}: {words}" if words else pool)


def test_notes_come_first_then_the_counts_then_the_network():
    recipe = build_recipe({"data": ".", "model": "test_resnet", "weights": "none", "image_size": 64})
    classes = ("cat", "elephant")
    prepared = Prepared(RECORDS, RECORDS[:1], (), classes, "multilabel", IMAGES, ("read with care",))
    lines = describe(recipe, prepared, IMAGES.build_net(recipe, prepared))
    assert lines[:2] == ["read with care", "4 training and 1 validation images, 2 classes, multilabel"]
    assert lines[2:4] == class_lines(RECORDS, classes)
    assert lines[4].startswith("backbone test_resnet, all layers trained; 64 px")


def test_steps_are_counted_over_all_processes_and_the_last_may_be_short():
    recipe = build_recipe({"data": ".", "batch_size": 1, "devices": 3, "epochs": 5, "device": "cpu"})
    prepared = Prepared(RECORDS, (), (), ("cat",), "multilabel", IMAGES)
    assert describe_training(recipe, prepared) == "5 epochs of 2 steps, device cpu"
