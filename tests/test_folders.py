"""A folder appears whole or not at all, and what a killed process left is cleared."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from weldon.folders import clear_draft_folders, draft_folder, remove_whole, take_place

KILLED = """
import os, sys
from pathlib import Path
from weldon.folders import draft_folder
with draft_folder(Path(sys.argv[1])) as draft:
    (draft / "half").write_text("half")
    os.kill(os.getpid(), 9)
"""


def filled(draft, text):
    (draft / "a").write_text(text)
    return draft


def test_a_filled_draft_takes_its_place(tmp_path):
    with draft_folder(tmp_path / "new" / "home") as draft:
        assert take_place(filled(draft, "whole"), tmp_path / "new" / "home")
    assert os.listdir(tmp_path / "new") == ["home"]
    assert (tmp_path / "new" / "home" / "a").read_text() == "whole"


def test_a_draft_that_is_not_finished_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), draft_folder(tmp_path / "home") as draft:
        filled(draft, str(1 / 0))
    assert os.listdir(tmp_path) == []


def test_who_comes_second_leaves_the_first_as_it_is(tmp_path):
    home = tmp_path / "home"
    with draft_folder(home) as one, draft_folder(home) as two:
        assert take_place(filled(one, "first"), home)
        assert not take_place(filled(two, "second"), home)
    assert os.listdir(tmp_path) == ["home"]
    assert (home / "a").read_text() == "first"


def test_what_a_killed_process_left_is_cleared(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "home")], check=False)
    assert done.returncode == -9
    (draft,) = tmp_path.iterdir()
    assert clear_draft_folders(tmp_path) == [draft]
    assert os.listdir(tmp_path) == []


def test_an_older_process_of_our_own_number_is_dead_and_our_own_drafts_are_not(tmp_path):
    with draft_folder(tmp_path / "home") as draft:
        left = draft.with_name(draft.name.replace(draft.name.split(".")[-2], "0123abcd"))
        left.mkdir()
        assert clear_draft_folders(tmp_path) == [left]
        assert draft.is_dir()


def test_a_draft_of_another_machine_is_cleared_after_a_day_without_a_write(tmp_path):
    draft = tmp_path / ".home.elsewhere.999999999.0123abcd.part"
    draft.mkdir()
    filled(draft, "half")
    assert clear_draft_folders(tmp_path) == []
    for path in (draft / "a", draft):
        os.utime(path, (1, 1))
    assert clear_draft_folders(tmp_path) == [draft]


@pytest.mark.parametrize("name", [".mine.part", ".a.b.part", "home"])
def test_what_is_no_draft_of_ours_stays(tmp_path, name):
    (tmp_path / name).mkdir()
    assert clear_draft_folders(tmp_path) == []
    assert os.listdir(tmp_path) == [name]


def test_folders_files_and_what_is_gone_are_removed(tmp_path):
    filled(tmp_path, "file")
    (tmp_path / "b").mkdir()
    filled(tmp_path / "b", "inside")
    for name in ("a", "b", "c"):
        remove_whole(tmp_path / name)
    assert os.listdir(tmp_path) == []
