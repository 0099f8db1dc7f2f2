"""A run takes the place of another whole, and what a killed process left is swept, and nothing else."""

from __future__ import annotations

import pytest

from weldon.runs import replacement
from weldon.runs.replacement import give_place, home_of, replacement_of, sweep
from weldon.runs.run_contents import REPLACES


def run_in(folder, words: str, *, replaces: str | None = None):
    (folder / "weights").mkdir(parents=True)
    (folder / "train.log").write_text(words)
    if replaces is not None:
        (folder / REPLACES).write_text(replaces)
    return folder


def test_a_replacement_grows_hidden_beside_its_home_and_knows_it(tmp_path):
    new = run_in(replacement_of(tmp_path / "a"), "new", replaces="a")
    assert new == tmp_path / ".a.new"
    assert home_of(new) == tmp_path / "a"


@pytest.mark.parametrize("named", [None, "b", "../a"])
def test_a_run_that_replaces_none_is_its_own_home(tmp_path, named):
    run = run_in(tmp_path / "c", "x", replaces=named)
    assert home_of(run) == run


@pytest.mark.parametrize("in_one_move", [True, False])
def test_the_new_run_stands_where_the_old_one_stood(tmp_path, monkeypatch, in_one_move):
    if not in_one_move:
        monkeypatch.setattr(replacement.ctypes, "CDLL", lambda *_, **__: object())
    home = run_in(tmp_path / "a", "old")
    give_place(run_in(tmp_path / ".a.new", "new", replaces="a"), home)
    assert (home / "train.log").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert not (home / REPLACES).exists()


def test_a_home_that_went_away_is_taken_as_it_is(tmp_path):
    give_place(run_in(tmp_path / ".a.new", "new", replaces="a"), tmp_path / "a")
    assert (tmp_path / "a" / "train.log").read_text() == "new"


def test_what_was_put_aside_is_swept_once_a_run_stands_in_its_place(tmp_path):
    run_in(tmp_path / ".a.old", "old")
    sweep(tmp_path / "a")
    assert (tmp_path / ".a.old").exists()  # the only copy there is
    run_in(tmp_path / "a", "new")
    sweep(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_unfinished_replacement_and_the_users_files_stay(tmp_path):
    run_in(tmp_path / "a", "old")
    run_in(tmp_path / ".a.new", "new", replaces="a")
    (run_in(tmp_path / ".a.old", "mine") / "notes.txt").write_text("mine")
    sweep(tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.new", ".a.old", "a"]
