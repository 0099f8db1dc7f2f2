"""A folder is told to be a run, to be free for one, or to hold something of the user's."""

from __future__ import annotations

import pytest

from weldon.folder_lock import LOCK
from weldon.runs.run_contents import holds_files, is_free, is_run, strangers

WHOLE = (
    *("config.toml", "classes.txt", "splits.csv", "thresholds.json", "segmentation.json"),
    *("localisation.json", "metrics.csv", "manifest.json", "train.log", "search.json"),
    *("corrections_used.csv", "weights/best.safetensors", "weights/last.ckpt", "report/index.html"),
    *("tensorboard/events", "export/model.onnx", ".metrics.csv.7.part", ".DS_Store"),
)
BEGUN = ("config.toml", "classes.txt", "splits.csv", "train.log", "search.json", "corrections_used.csv")


def filled(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("epoch\n0\n" if name == "metrics.csv" else "x")
    return folder


def test_everything_that_weldon_writes_is_known(tmp_path):
    folder = filled(tmp_path, WHOLE)
    assert strangers(folder) == []
    assert is_run(folder)
    assert not is_free(folder)


@pytest.mark.parametrize("name", ["notes.txt", "weights/mine.pt", "model.part.txt"])
def test_one_file_of_the_users_makes_it_no_run(tmp_path, name):
    folder = filled(tmp_path, [*WHOLE, name])
    assert strangers(folder) == [name]
    assert not is_run(folder)
    assert not is_free(folder, marked=True)


def test_a_lone_recipe_is_no_run_unless_a_lock_marks_it(tmp_path):
    folder = filled(tmp_path, ["config.toml"])
    assert not is_run(folder)
    assert is_run(folder, marked=True)


def test_what_a_run_writes_before_it_learns_leaves_the_folder_free(tmp_path):
    assert is_free(filled(tmp_path, BEGUN))
    assert is_free(tmp_path / "nowhere")


@pytest.mark.parametrize(("epochs", "marked", "free"), [(1, True, True), (2, True, False), (1, False, False)])
def test_a_first_epoch_counts_as_nothing_only_where_a_lock_says_it_was_cut_off(
    tmp_path, epochs, marked, free
):
    folder = filled(tmp_path, [*BEGUN, "weights/best.safetensors"])
    (folder / "metrics.csv").write_text("epoch\n" + "0\n" * epochs)
    assert is_free(folder, marked=marked) is free


def test_a_checkpoint_is_worth_keeping(tmp_path):
    assert not is_free(filled(tmp_path, [*BEGUN, "weights/last.ckpt"]), marked=True)


def test_folders_and_locks_are_no_files(tmp_path):
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / LOCK).touch()
    assert not holds_files(tmp_path)
    (tmp_path / "deep" / "deeper" / "a").touch()
    assert holds_files(tmp_path)
