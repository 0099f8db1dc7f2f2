"""A training beside the page: the command that it runs, where it writes, and how it ends."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from weldon.data import read_labels
from weldon.errors import UsageError
from weldon.runs.recipe_file import build_recipe
from weldon.runs.run_directory import RunDirectory
from weldon.serve.label_book import LabelBook
from weldon.serve.run_images import read_run_images
from weldon.serve.training_job import Progress, TrainingJob, command, has_news, next_folder, with_joined


@pytest.mark.slow
def test_a_training_outlives_a_server_that_is_killed_and_ends_with_one_that_leaves(run, book, tmp_path):
    run = RunDirectory(shutil.copytree(run.path, tmp_path / "runs" / "first"))
    book.correct(0, "8", book.label(0, "8"), "unknown")
    job = TrainingJob()
    job.start(run, book)
    process = job._process
    assert os.getpgid(process.pid) == process.pid  # a signal to the server's group does not reach it
    job.stop()
    assert process.poll() in (143, -signal.SIGTERM)
    assert job.progress().state == "stopped"


def test_answers_that_were_all_taken_back_or_that_only_confirm_are_nothing_to_learn(run, book):
    label = book.label(0, "8")
    book.correct(0, "8", label, label)
    book.correct(1, "8", book.label(1, "8"), "unknown")
    assert has_news(run, book)
    book.withdraw(1, "8", "unknown")
    with pytest.raises(UsageError, match="nothing to learn anew: every label is as first learnt it"):
        TrainingJob().start(run, book)


def test_what_the_run_learnt_before_is_nothing_new_until_it_is_taken_back(run, book, tmp_path):
    run = RunDirectory(shutil.copytree(run.path, tmp_path / "runs" / "first"))
    book.correct(1, "8", book.label(1, "8"), "unknown")
    shutil.copy(book.path, run.corrections_used)
    assert not has_news(run, book)
    book.withdraw(1, "8", "unknown")
    assert has_news(run, book)


def test_the_next_folder_has_the_name_of_the_run_and_the_next_number(tmp_path):
    for name in ("train", "train2"):
        (tmp_path / name).mkdir()
    assert [next_folder(tmp_path / name).name for name in ("train", "train2")] == ["train3", "train3"]


def test_the_command_is_the_runs_own_recipe_with_corrections(run, tmp_path):
    (tmp_path / "c.csv").touch()
    said = command(run.config, tmp_path / "c.csv", tmp_path / "out")
    assert said[-6:] == [
        "--config",
        str(run.config.resolve()),
        "--out",
        str(tmp_path / "out"),
        "--corrections",
        str(tmp_path / "c.csv"),
    ]


def test_before_the_first_training_there_is_nothing_to_say_and_nothing_to_stop():
    job = TrainingJob()
    job.stop()
    assert job.progress() == Progress("idle")


def test_without_pictures_that_joined_the_recipe_is_the_runs_own(run, book, tmp_path):
    assert with_joined(run, book, tmp_path / "out") == run.config


def test_pictures_that_joined_stand_in_a_longer_table_beside_the_new_run(run, scenes, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(scenes / "test" / "00001.png", photos / "new.png")
    images = read_run_images(run, photos, run.class_names)
    book = LabelBook(tmp_path / "c.csv", images, run.class_names)
    book.correct(88, "8", "unknown", "present")
    recipe = build_recipe({}, with_joined(run, book, tmp_path / "out"))
    assert (recipe.labels, recipe.val) == (tmp_path / "out.labels.csv", None)
    before, after = (read_labels(scenes, table).records for table in (scenes / "labels.csv", recipe.labels))
    assert [(r.file_name, r.labels) for r in after[:-1]] == [(r.file_name, r.labels) for r in before]
    assert (after[-1].path, after[-1].labels, after[-1].split) == (photos / "new.png", {"8"}, "train")
