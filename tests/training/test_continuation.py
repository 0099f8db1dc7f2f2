"""A resumed run never moves an image, a label, a class or an option without a word."""

from __future__ import annotations

import csv
import logging
from pathlib import Path

import pytest
import torch

from weldon.data import Record
from weldon.data.split import write_splits
from weldon.errors import DataError, UsageError
from weldon.runs.recipe_file import build_recipe, write_recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training import train
from weldon.training.checkpoint_file import refuse_other_classes
from weldon.training.continuation import as_begun, refuse_lost, resumed_recipe
from weldon.training.inputs.images import IMAGES
from weldon.training.inputs.inputs import Prepared


def record(name, label="cat", split="train", **more):
    return Record(Path(name), name, frozenset({label} if label else ()), split=split, **more)


BEGAN = (record("a.jpg"), record("b.jpg", "dog"), record("c.jpg", split="val"), record("d.jpg", "dog", "val"))


def prepared(*records, classes=("cat", "dog")):
    parts = (tuple(r for r in records if r.split == name) for name in ("train", "val", "test"))
    return Prepared(*parts, classes, "multiclass", IMAGES)


@pytest.fixture
def run(tmp_path) -> RunDirectory:
    """A run that began with four images of two classes."""
    run = RunDirectory(tmp_path)
    run.classes.write_text("cat\ndog\n")
    write_splits(run.splits, BEGAN)
    write_recipe(run.config, build_recipe({"data": "/photos", "lr": 0.01, "epochs": 4}))
    return run


def test_nothing_has_changed(run):
    assert as_begun(run, prepared(*BEGAN)) == prepared(*BEGAN)


def test_order_of_rows_and_classes_is_that_of_the_beginning(run):
    assert as_begun(run, prepared(*reversed(BEGAN), classes=("dog", "cat"))) == prepared(*BEGAN)


def test_the_split_is_that_of_the_beginning_and_another_is_said(run, caplog):
    moved = prepared(record("a.jpg", split="val"), *BEGAN[1:])
    with caplog.at_level(logging.WARNING, logger="weldon"):
        assert as_begun(run, moved) == prepared(*BEGAN)
    assert "1 image is in another split today (a.jpg …)" in caplog.text


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (prepared(*BEGAN, record("e.jpg")), ["e.jpg is new"]),
        (prepared(*BEGAN[1:]), ["a.jpg is gone"]),
        (prepared(record("a.jpg", "dog"), *BEGAN[1:]), ["a.jpg: labels were 'cat', are 'dog'"]),
        (prepared(record("a.jpg", ""), *BEGAN[1:]), ["a.jpg: labels were 'cat', are 'none'"]),
        (
            prepared(record("a.jpg", unknown=frozenset({"dog"})), *BEGAN[1:]),
            ["a.jpg: labels were 'cat', are 'cat|?dog'"],
        ),
        (prepared(record("a.jpg", weight=2.0), *BEGAN[1:]), ["a.jpg: weight were '1.0', are '2.0'"]),
        (
            prepared(*(record(r.file_name, "pet", r.split) for r in BEGAN), classes=("pet",)),
            ["class 'cat' is gone", "class 'dog' is gone", "class 'pet' is new", "a.jpg: labels were 'cat'"],
        ),
    ],
    ids=["added", "removed", "relabelled", "unlabelled", "unknown", "weight", "renamed"],
)
def test_what_changed_is_refused_and_named(run, today, words):
    with pytest.raises(DataError, match="cannot go on") as refused:
        as_begun(run, today)
    assert all(word in str(refused.value) for word in words), str(refused.value)


def test_many_changes_are_counted(run):
    with pytest.raises(DataError, match="… and 30 more"):
        as_begun(run, prepared(*BEGAN, *(record(f"{n:02}.jpg") for n in range(50))))


def test_two_folders_may_have_files_of_one_name(run):
    twice = (record("a.jpg"), record("a.jpg", "dog", "val"))
    write_splits(run.splits, twice)
    assert as_begun(run, prepared(*twice)) == prepared(*twice)


def test_a_file_that_could_not_be_read_at_first_stays_outside(run):
    write_splits(run.splits, [*BEGAN[:3], record("d.jpg", "dog", None)])
    assert as_begun(run, prepared(*BEGAN)) == prepared(*BEGAN[:3])


def test_a_run_of_an_older_version_is_compared_by_what_it_wrote(run):
    rows = ["file_name,split,group", *(f"{r.file_name},{r.split}," for r in BEGAN)]
    run.splits.write_text("\n".join(rows) + "\n")
    assert as_begun(run, prepared(*BEGAN)) == prepared(*BEGAN)
    with pytest.raises(DataError, match=r"e\.jpg is new"):
        as_begun(run, prepared(*BEGAN, record("e.jpg")))


def test_a_file_that_can_no_longer_be_read_is_refused():
    refuse_lost(prepared(*BEGAN), prepared(*BEGAN))
    with pytest.raises(DataError, match=r"(?s)no longer.*d\.jpg"):
        refuse_lost(prepared(*BEGAN), prepared(*BEGAN[:3]))


@pytest.mark.parametrize("given", [{"lr": 0.5}, {"pool": "max"}, {"seed": 3}, {"image_size": 64}], ids=str)
def test_an_option_that_would_be_passed_over_is_refused_with_both_values(run, given):
    ((name, value),) = given.items()
    with pytest.raises(UsageError, match=rf"--{name.replace('_', '-')} was .*, got {value!r}"):
        resumed_recipe(run, {"data": "/photos", **given}, None)


def test_a_config_file_is_not_passed_over(run, tmp_path):
    (tmp_path / "own.toml").write_text("lr = 0.5\nepochs = 9\n")
    with pytest.raises(UsageError, match="--lr was"):
        resumed_recipe(run, {"data": "/photos"}, tmp_path / "own.toml")
    (tmp_path / "own.toml").write_text("lr = 0.01\nepochs = 9\n")
    assert resumed_recipe(run, {"data": "/photos"}, tmp_path / "own.toml").epochs == 9


def test_the_same_command_and_longer_training_are_taken(run):
    recipe = resumed_recipe(run, {"data": "/moved", "lr": 0.01, "epochs": 8, "workers": None}, None)
    assert (recipe.data, recipe.lr, recipe.epochs) == (Path("/moved"), 0.01, 8)


def relabelled(scenes, folder, change):
    """Write the scenes' table with its rows changed."""
    with (scenes / "labels.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    (folder / "labels.csv").write_text("\n".join(",".join(row) for row in change(rows)) + "\n")


def without_splits(rows):
    return [row[:2] for row in rows if row[2] in {"train", "split"}]


def test_a_resumed_run_whose_table_grew_is_refused_and_then_goes_on(scenes, tiny, tmp_path):
    relabelled(scenes, tmp_path, lambda rows: without_splits(rows)[:20])
    run = train(scenes, tmp_path / "labels.csv", out=tmp_path / "run", epochs=1, **tiny)
    before = {path: path.read_bytes() for path in (run.splits, run.classes, run.config, run.last)}
    relabelled(scenes, tmp_path, without_splits)
    with pytest.raises(DataError, match="is new"):
        train(scenes, out=tmp_path / "run", resume=True, epochs=2, progress=False)
    assert {path: path.read_bytes() for path in before} == before
    relabelled(scenes, tmp_path, lambda rows: [rows[0][:2], *reversed(without_splits(rows)[1:20])])
    again = train(scenes, out=tmp_path / "run", resume=True, epochs=2, progress=False)
    assert again.splits.read_bytes() == before[run.splits]
    assert torch.load(again.last, weights_only=True)["epoch"] == 1


@pytest.mark.parametrize("name", ["best", "metrics"])
def test_a_damaged_file_of_a_resumed_run_is_named(scenes, tiny, tmp_path, name):
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, **tiny)
    path = getattr(run, name)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=path.name.replace(".", r"\.")):
        train(scenes, out=tmp_path / "run", resume=True, epochs=2, progress=False)


def test_classes_are_those_of_the_weights_in_their_order(run):
    kept = {"classes": ["cat", "dog"]}
    refuse_other_classes(run.last, kept, run.class_names, run.classes)
    refuse_other_classes(run.last, {}, run.class_names, run.classes)  # of an earlier version
    for names in (("dog", "cat"), ("cat",), ("cat", "dig")):
        with pytest.raises(DataError, match=r"classes\.txt.*last\.ckpt"):
            refuse_other_classes(run.last, kept, names, run.classes)


def test_a_resumed_run_whose_classes_were_exchanged_is_refused(scenes, tiny, tmp_path):
    out = train(scenes, out=tmp_path / "run", epochs=1, **tiny)
    names = out.classes.read_text().split()
    out.classes.write_text("".join(f"{name}\n" for name in reversed(names)))
    with pytest.raises(DataError, match=r"classes\.txt names the classes"):
        train(scenes, out=out.path, resume=True, epochs=2, **tiny)
