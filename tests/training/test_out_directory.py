"""A run never writes over what was there."""

from __future__ import annotations

import pytest

from weldon.errors import UsageError
from weldon.training.out_directory import first_free, open_out


def test_names_count_up(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train2").mkdir()
    assert first_free(tmp_path, "train") == tmp_path / "train3"


def test_a_folder_with_something_in_it_is_refused_and_kept(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        open_out(tmp_path, resume=False, overwrite=False)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_overwrite_never_touches_a_folder_that_is_no_run(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not a run"):
        open_out(tmp_path, resume=False, overwrite=True)
    assert (tmp_path / "notes.txt").exists()


def test_overwrite_replaces_a_run(tmp_path):
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "old.txt").write_text("")
    run = open_out(tmp_path, resume=False, overwrite=True)
    assert not run.path.exists()


def test_nothing_to_resume_is_said(tmp_path):
    with pytest.raises(UsageError, match=r"last\.ckpt"):
        open_out(tmp_path, resume=True, overwrite=False)


def test_a_second_process_takes_the_folder_of_the_first_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = open_out(None, resume=False, overwrite=False)
    first.path.mkdir(parents=True)
    first.config.write_text("")
    monkeypatch.setenv("LOCAL_RANK", "1")
    second = open_out(None, resume=False, overwrite=True)
    assert second.path == first.path.absolute()
    assert first.config.exists()


def test_processes_of_a_launcher_must_be_told_the_folder(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.delenv("WELDON_OUT", raising=False)
    with pytest.raises(UsageError, match="--out"):
        open_out(None, resume=False, overwrite=False)
