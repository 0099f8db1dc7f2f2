"""Pictures by number: three of a table, one of which joined from another folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from weldon.data import Record
from weldon.data.corrections import Correction, append_correction
from weldon.errors import UsageError
from weldon.serve.run_images import RunImages, read_run_images


def record(name: str, home: str = "/data") -> Record:
    return Record(Path(home) / name, name, frozenset())


@pytest.fixture
def pictures() -> RunImages:
    own = (record("a/x.png"), record("a/b/y.png"), record("z.png"))
    return RunImages((*own, record("x.png", "/more")), 3, ("cat",))


def test_a_number_outside_of_the_list_is_refused(pictures):
    assert pictures.record(3).path == Path("/more/x.png")
    for number in (-1, 4):
        with pytest.raises(UsageError, match=f"a number from 0 to 3, got {number}"):
            pictures.record(number)


def test_one_that_joined_goes_by_its_whole_path(pictures):
    assert [pictures.key(number) for number in range(4)] == ["a/x.png", "a/b/y.png", "z.png", "/more/x.png"]
    assert [one.file_name for one in pictures.by_key.records] == [pictures.key(n) for n in range(4)]


def test_folders_count_what_lies_below_them(pictures):
    assert pictures.folders == {"": 4, "a": 2, "a/b": 1}
    assert [list(pictures.inside(folder)) for folder in ("", "a", "a/b", "b")] == [
        [0, 1, 2, 3],
        [0, 1],
        [1],
        [],
    ]


def test_the_last_part_of_a_name_is_enough_where_one_picture_has_it(pictures):
    assert pictures.by_tail == {"x.png": None, "y.png": 1, "z.png": 2}


def test_a_name_of_two_pictures_names_none():
    twice = RunImages((record("a.png", "/one"), record("a.png", "/two"), record("b.png")), 3, ("cat",))
    assert twice.shared == {"a.png"}


def test_the_pictures_of_a_run_have_the_splits_that_it_had(run):
    found = read_run_images(run, None, run.class_names)
    assert (found.labelled, len(found.records)) == (88, 88)
    assert [sum(r.split == name for r in found.records) for name in ("train", "val", "test")] == [48, 32, 8]


def test_a_folder_joins_once_and_pictures_of_the_table_do_not_join_again(run, scenes):
    found = read_run_images(run, scenes, run.class_names)
    assert len(found.records) == found.labelled == 88


def joined(tmp_path: Path, *names: str) -> Path:
    """A folder of small pictures."""
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6), "red").save(tmp_path / name)
    return tmp_path


def test_pictures_that_joined_have_their_folder_in_their_names(run, tmp_path, monkeypatch):
    joined(tmp_path / "new", "a.png", "deep/b.png")
    monkeypatch.chdir(tmp_path)
    for photos in (Path("new"), tmp_path / "new", Path("new/deep/..")):
        found = read_run_images(run, photos, run.class_names)
        assert [r.file_name for r in found.records[88:]] == ["new/a.png", "new/deep/b.png"]
        assert (found.joined, found.folders["new"], found.folders[""]) == ("new", 2, 90)
    monkeypatch.chdir(tmp_path / "new")
    assert read_run_images(run, Path(), run.class_names).joined == "new"


def test_a_folder_with_the_name_of_one_of_the_run_takes_more_of_its_path(run, tmp_path):
    photos = joined(tmp_path / "more" / "val", "00000.png")
    found = read_run_images(run, photos, run.class_names)
    assert (found.joined, found.records[88].file_name) == ("more/val", "more/val/00000.png")
    assert (found.folders["val"], found.folders["more/val"]) == (32, 1)
    assert found.shared == frozenset()


def spoken_of(table: Path, *pictures: Path) -> Path:
    """The table of what people said of pictures that joined."""
    for picture in pictures:
        append_correction(table, Correction(picture.as_posix(), "8", "unknown", "present"))
    return table


def test_pictures_that_somebody_labelled_join_without_their_folder_being_named(run, tmp_path):
    home = joined(tmp_path / "new", "a.png", "deep/b.png", "c.png")
    table = spoken_of(tmp_path / "t.csv", home / "deep" / "b.png", home / "a.png", home / "gone.png")
    found = read_run_images(run, None, run.class_names, spoken=table)
    assert [r.file_name for r in found.records[88:]] == ["new/a.png", "new/deep/b.png"]
    assert [found.key(n) for n in (88, 89)] == [str(home / "a.png"), str(home / "deep" / "b.png")]
    both = read_run_images(run, home / "deep", run.class_names, spoken=table)
    assert [r.file_name for r in both.records[88:]] == ["deep/b.png", "new/a.png"]
    assert both.joined == "deep"


def test_a_table_cannot_name_a_file_that_is_no_picture_nor_one_twice(run, scenes, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    own = scenes / "val" / "00000.png"
    table = spoken_of(tmp_path / "t.csv", tmp_path / "secret.txt", own, Path("a.png"))
    assert len(read_run_images(run, None, run.class_names, spoken=table).records) == 88


def test_without_new_pictures_no_folder_joined(run, scenes):
    assert read_run_images(run, scenes, run.class_names).joined == ""
    assert read_run_images(run, None, run.class_names).joined == ""
