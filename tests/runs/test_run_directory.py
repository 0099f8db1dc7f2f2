"""A folder is a run when what a prediction needs is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.errors import DataError, UsageError
from weldon.runs.recipe_file import build_recipe, write_recipe
from weldon.runs.run_directory import RunDirectory, open_run

NEEDED = ("weights/best.safetensors", "classes.txt", "config.toml")


def touched(folder: Path, names) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_three_files_make_a_run(tmp_path):
    assert open_run(str(touched(tmp_path, NEEDED))).path == tmp_path


@pytest.mark.parametrize("missing", NEEDED)
def test_the_file_that_is_missing_is_named(tmp_path, missing):
    touched(tmp_path, set(NEEDED) - {missing})
    with pytest.raises(UsageError, match=f"'{tmp_path}': {missing} is missing"):
        open_run(tmp_path)


def test_a_place_that_is_not_there_is_no_run(tmp_path):
    with pytest.raises(UsageError, match=r"no folder .*nowhere"):
        open_run(tmp_path / "nowhere")


def test_a_misspelt_run_names_the_one_that_is_there(tmp_path):
    (tmp_path / "train").mkdir()
    with pytest.raises(UsageError, match=r"no folder '.*trainn'; there is 'train' beside it$"):
        open_run(tmp_path / "trainn")


def test_every_part_of_a_run_lies_in_its_folder_under_a_name_of_its_own(tmp_path):
    run = RunDirectory(tmp_path)
    assert {run.config, run.splits, run.thresholds, run.best, run.report} < set(run.parts)
    assert len(set(run.parts)) == len(run.parts) >= 12
    assert all(path.is_relative_to(tmp_path) for path in run.parts)


def test_class_names_keep_their_order_and_their_accents(tmp_path):
    run = RunDirectory(tmp_path)
    run.classes.write_text("Löwe\nant, red\n0\n", encoding="utf-8")
    assert run.class_names == ("Löwe", "ant, red", "0")


def test_class_names_that_are_written_are_read_back(tmp_path):
    run = RunDirectory(tmp_path)
    run.write_class_names(["Löwe", "ant, red"])
    assert run.classes.read_bytes() == "Löwe\nant, red\n".encode()
    assert run.class_names == ("Löwe", "ant, red")


def test_the_recipe_is_read_once(tmp_path):
    run = RunDirectory(tmp_path)
    write_recipe(run.config, build_recipe({"data": "photos", "image_size": 64}))
    assert (run.recipe.image_size, run.config_values["data"]) == (64, "photos")
    run.config.unlink()
    assert run.recipe.data == Path("photos")


def test_a_recipe_that_cannot_be_used_is_named(tmp_path):
    run = RunDirectory(tmp_path)
    run.config.write_text('data = "photos"\nepochs = 0\n')
    with pytest.raises(DataError, match=r"config\.toml has options that cannot be used:\n  epochs"):
        assert run.recipe


def test_the_manifest_is_read_whole(tmp_path):
    run = RunDirectory(tmp_path)
    run.manifest.write_text('{"task": "multiclass", "images": {"train": 3, "val": 1}}')
    assert run.manifest_values == {"task": "multiclass", "images": {"train": 3, "val": 1}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "names none"),
        (b"cat\ndo", "ends within a line"),
        (b"cat\n\ndog\n", "has an empty line"),
        (b"cat\ndog\ncat\n", "names 'cat' twice"),
        (b"cat\nd\xe9g\n", "row 2 is not UTF-8"),
        (b"cat\nd\0g\n", "row 2 holds a zero byte"),
    ],
)
def test_class_names_that_are_damaged_are_refused(tmp_path, text, words):
    run = RunDirectory(tmp_path)
    run.classes.write_bytes(text)
    with pytest.raises(DataError, match=rf"classes\.txt .*{words}"):
        assert not run.class_names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"task": 3}',
        '{"task": "both"}',
        '{"task": "multilabel", "images": [1, 2]}',
        "[" * 99999,
    ],
)
def test_a_manifest_that_is_damaged_is_named(tmp_path, text):
    run = RunDirectory(tmp_path)
    run.manifest.write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json"):
        assert not run.manifest_values


def test_corrections_go_beside_the_run_or_on_in_the_table_that_it_learnt_from(tmp_path):
    run = RunDirectory(tmp_path / "train")
    run.path.mkdir()
    write_recipe(run.config, build_recipe({"data": tmp_path}))
    assert run.corrections_table() == tmp_path / "train.corrections.csv"
    later = RunDirectory(tmp_path / "train2")
    later.path.mkdir()
    write_recipe(later.config, build_recipe({"data": tmp_path, "corrections": run.corrections_table()}))
    assert later.corrections_table() == tmp_path / "train.corrections.csv"
