"""A run never writes over what was there, and no two runs share a folder."""

from __future__ import annotations

import os

import pytest

from weldon.errors import UsageError
from weldon.files import read_text
from weldon.folder_lock import LOCK, locked
from weldon.runs.claim import CHOSEN, claimed, first_free, is_first_process, make_free


def tree(folder):
    """Return what is in a folder: every path and every byte."""
    return {path.relative_to(folder): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def a_run(folder, **files):
    """Write a folder that weldon could have left."""
    for name, text in {"config.toml": "", "weights/last.ckpt": "old", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def begun(out, *, resume=False, overwrite=False, finish=False):
    """Begin a run as far as its first checkpoint, and finish it."""
    with claimed(out, resume=resume, overwrite=overwrite) as claim:
        claim.begin()
        claim.run.last.write_text("new")
        if finish:
            claim.put_in_place()
    return claim


def test_names_count_up(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train2").mkdir()
    assert first_free(tmp_path, "train") == tmp_path / "train3"


def test_two_runs_without_a_name_get_a_folder_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kinds = {"resume": False, "overwrite": False}
    with claimed(None, **kinds) as first, claimed(None, **kinds) as second:
        assert [claim.run.path.as_posix() for claim in (first, second)] == ["runs/train", "runs/train2"]


def test_a_folder_that_was_made_for_a_run_which_never_began_goes_again(tmp_path):
    with claimed(tmp_path / "runs" / "a", resume=False, overwrite=False) as claim:
        claim.run.log.write_text("refused")
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_of_the_user_stays_when_no_run_begins(tmp_path):
    (tmp_path / "a").mkdir()
    with claimed(tmp_path / "a", resume=False, overwrite=False):
        pass
    assert tree(tmp_path / "a") == {}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "files",
    [
        {"notes.txt": "mine"},
        {"config.toml": "model = 'mine'"},
        {"config.toml": "", "train.log": "", "notes.txt": "mine"},
        {"config.toml": "", "weights/resnet50.safetensors": "mine"},
        {"photos/a.jpg": "mine"},
    ],
    ids="+".join,
)
def test_a_folder_that_is_not_only_a_run_is_refused_and_kept(tmp_path, files, overwrite):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = tree(tmp_path)
    with (
        pytest.raises(UsageError, match="not a run" if overwrite else "not empty"),
        claimed(tmp_path, resume=False, overwrite=overwrite),
    ):
        pass
    assert tree(tmp_path) == before


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(UsageError, match="the file"), claimed(tmp_path / "a", resume=False, overwrite=True):
        pass


def test_a_run_is_kept_without_overwrite(tmp_path):
    before = tree(a_run(tmp_path / "a"))
    with pytest.raises(UsageError, match="not empty"):
        begun(tmp_path / "a")
    assert tree(tmp_path / "a") == before


def test_the_old_run_stands_until_the_new_one_is_finished(tmp_path):
    old = a_run(tmp_path / "a")
    before = tree(old)
    with claimed(old, resume=False, overwrite=True) as claim:
        claim.begin()
        claim.run.last.write_text("new")
        assert {name: kept for name, kept in tree(old).items() if name.name != LOCK} == before
        claim.put_in_place()
    assert read_text(claim.home.last) == "new"
    assert not (old / "config.toml").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("moves", [True, False], ids=["in one move", "in three"])
def test_two_folders_change_places_on_any_system(tmp_path, monkeypatch, moves):
    if not moves:
        monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: None)
    claim = begun(a_run(tmp_path / "a"), overwrite=True, finish=True)
    assert read_text(claim.home.last) == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_refusal_before_the_new_run_begins_leaves_the_old_one_as_it_was(tmp_path):
    before = tree(a_run(tmp_path / "a"))
    with claimed(tmp_path / "a", resume=False, overwrite=True):
        pass
    assert tree(tmp_path / "a") == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_interrupted_replacement_goes_on_and_then_takes_its_place(tmp_path):
    old = a_run(tmp_path / "a")
    first = begun(old, overwrite=True)
    assert read_text(old / "weights" / "last.ckpt") == "old"
    assert "stands as it was" in first.how_to_go_on()
    assert f"--resume --out {old} --overwrite" in first.how_to_go_on()
    again = begun(old, resume=True, overwrite=True, finish=True)
    assert again.home.path == old
    assert read_text(old / "weights" / "last.ckpt") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_replacement_that_is_resumed_by_its_own_name_takes_its_place_too(tmp_path):
    first = begun(a_run(tmp_path / "a"), overwrite=True)
    again = begun(first.run.path, resume=True, finish=True)
    assert again.home.path == tmp_path / "a"
    assert read_text(tmp_path / "a" / "weights" / "last.ckpt") == "new"


def test_an_old_run_is_never_resumed_in_place_of_its_replacement(tmp_path):
    old = a_run(tmp_path / "a")
    with pytest.raises(UsageError, match="leave out --resume"):
        begun(old, resume=True, overwrite=True)
    (tmp_path / ".a.new").mkdir()
    a_run(tmp_path / ".a.new")  # the old run, after a kill between the exchange and its removal
    begun(old, resume=True)
    assert not (tmp_path / ".a.new").exists()


def test_a_replacement_that_had_learnt_something_is_cleared_only_when_the_next_begins(tmp_path):
    old = a_run(tmp_path / "a")
    first = begun(old, overwrite=True)
    with claimed(old, resume=False, overwrite=True) as second:
        assert first.run.last.exists()
        second.begin()
        assert not first.run.last.exists()


@pytest.mark.parametrize(
    "files",
    [
        {"weights": None},
        {"weights": None, "config.toml": ""},
        {LOCK: ""},
        {LOCK: "", "config.toml": ""},
        {LOCK: "", "weights": None, ".config.toml.99999999.part": ""},
        {"weights": None, "config.toml": "", "classes.txt": "", "train.log": "", "splits.csv": ""},
        {LOCK: "", "config.toml": "", "search.json": "{}"},
        {LOCK: "", "config.toml": "", "weights": None, "weights/best.safetensors": "of the first epoch"},
        {LOCK: "", "weights": None, "weights/best.safetensors": "", "metrics.csv": "epoch,val/map\n0,0.5\n"},
    ],
    ids="+".join,
)
def test_a_run_that_was_killed_before_it_learnt_anything_is_begun_again_without_a_flag(tmp_path, files):
    for name, text in files.items():
        (tmp_path / name).mkdir() if text is None else (tmp_path / name).write_text(text)
    claim = begun(tmp_path)
    assert (claim.run.path, claim.replaces) == (tmp_path, False)
    assert {path.name for path in tmp_path.iterdir()} <= {LOCK, "weights", "train.log"}


def test_weights_of_several_epochs_are_kept_though_nothing_can_be_resumed(tmp_path):
    files = {LOCK: "", "weights/best.safetensors": "best", "metrics.csv": "epoch,val/map\n0,0.5\n1,0.6\n"}
    a_run(tmp_path / "a", **files)
    (tmp_path / "a" / "weights" / "last.ckpt").unlink()
    with pytest.raises(UsageError, match="not empty"):
        begun(tmp_path / "a")


def test_a_run_that_searched_its_rate_can_be_replaced(tmp_path):
    begun(a_run(tmp_path / "a", **{"search.json": "{}"}), overwrite=True, finish=True)
    assert read_text(tmp_path / "a" / "weights" / "last.ckpt") == "new"


def test_weights_without_a_checkpoint_are_kept_until_they_are_replaced(tmp_path):
    best = a_run(tmp_path / "a", **{"weights/best.safetensors": "best"}) / "weights" / "best.safetensors"
    (tmp_path / "a" / "weights" / "last.ckpt").unlink()
    with pytest.raises(UsageError, match="not empty"):
        begun(tmp_path / "a")
    begun(tmp_path / "a", overwrite=True)
    assert read_text(best) == "best"


@pytest.mark.parametrize("flags", [{}, {"resume": True}, {"overwrite": True}], ids=str)
def test_a_folder_in_which_another_process_trains_is_refused(tmp_path, flags):
    run = a_run(tmp_path / "a")
    with locked(run), pytest.raises(UsageError, match="another process"):
        begun(run, **flags)


def test_nothing_to_resume_is_said(tmp_path):
    with pytest.raises(UsageError, match=r"last\.ckpt"):
        begun(tmp_path / "none", resume=True)
    (tmp_path / "a" / "weights").mkdir(parents=True)
    with pytest.raises(UsageError, match="nothing was learnt yet: leave out --resume"):
        begun(tmp_path / "a", resume=True)


def test_drafts_of_killed_processes_go_when_a_run_is_resumed(tmp_path):
    run = a_run(tmp_path / "a")
    drafts = [run / ".metrics.csv.99999999.part", run / "weights" / ".last.ckpt.99999999.part"]
    for draft in drafts:
        draft.write_text("half")
    with claimed(run, resume=True, overwrite=False) as claim:
        claim.begin()
    assert not any(draft.exists() for draft in drafts)
    assert claim.run.last.exists()


def test_a_second_process_takes_the_folder_of_the_first_as_it_is(tmp_path, monkeypatch):
    old = a_run(tmp_path / "a")
    with claimed(old, resume=False, overwrite=True) as first:
        first.begin()
        monkeypatch.setenv("LOCAL_RANK", "1")
        with claimed(old, resume=False, overwrite=True) as second:
            assert second.run.path == first.run.path.absolute()
        monkeypatch.delenv("LOCAL_RANK")
    assert CHOSEN not in os.environ


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ({}, True),
        ({"RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "0"}, True),
        ({"RANK": "2", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, False),
        ({"NODE_RANK": "0"}, True),
        ({"NODE_RANK": "1"}, False),
        ({"NODE_RANK": "1", "LOCAL_RANK": "0"}, False),
        ({"NODE_RANK": "0", "LOCAL_RANK": "1"}, False),
        ({"SLURM_PROCID": "0", "LOCAL_RANK": "1"}, False),
        ({"SLURM_PROCID": "3"}, False),
    ],
)
def test_of_all_processes_of_all_machines_one_is_the_first(monkeypatch, said, first):
    for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert is_first_process() is first


def test_processes_of_a_launcher_must_be_told_the_folder(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.delenv(CHOSEN, raising=False)
    with pytest.raises(UsageError, match="--out"), claimed(None, resume=False, overwrite=False):
        pass


def test_of_two_that_ask_at_once_each_gets_a_folder_of_its_own(tmp_path, monkeypatch):
    """Both see the same name as free; the slower one takes the next."""
    (tmp_path / "runs").mkdir()
    answers = iter([tmp_path / "runs" / "predict", tmp_path / "runs" / "predict2"])
    monkeypatch.setattr("weldon.runs.claim.first_free", lambda parent, name: next(answers))
    (tmp_path / "runs" / "predict").mkdir()
    assert make_free(tmp_path / "runs", "predict") == tmp_path / "runs" / "predict2"
    assert (tmp_path / "runs" / "predict2").is_dir()
