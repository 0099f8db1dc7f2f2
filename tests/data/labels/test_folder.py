"""A folder a class."""

from __future__ import annotations

import pytest
from PIL import Image

from weldon.data.labels import read_labels
from weldon.data.labels.folder import with_folder_splits
from weldon.data.labels.label_file import Told
from weldon.data.labels.rows import Row
from weldon.errors import DataError, UsageError


def test_folder_names_are_the_classes_in_sorted_order(tmp_path, photograph):
    for name in ("dog/1.png", "dog/deep/2.JPG", "cat/1.png", "10/1.png", ".hidden/1.png", "dog/.x.png"):
        photograph(name)
    (tmp_path / "dog" / "notes.txt").write_text("not a picture")
    found = read_labels(tmp_path)
    assert found.form == "folder"
    assert found.classes == ("10", "cat", "dog")
    assert [record.file_name for record in found.records] == [
        "10/1.png",
        "cat/1.png",
        "dog/1.png",
        "dog/deep/2.JPG",
    ]
    assert found.records[-1].labels == {"dog"}
    assert found.records[-1].split is None
    assert any("dog/notes.txt" in note for note in found.notes)


@pytest.mark.parametrize("spelling", ["val", "valid", "validation", "Val"])
def test_splits_by_any_spelling(tmp_path, photograph, spelling):
    for name in ("train/dog/1.png", "train/cat/1.png", f"{spelling}/dog/2.png", "test/cat/3.png"):
        photograph(name)
    found = read_labels(tmp_path)
    assert found.classes == ("cat", "dog")
    assert {record.split for record in found.records} == {"train", "val", "test"}


def test_a_class_named_train_is_a_class_when_it_holds_images(tmp_path, photograph):
    for name in ("train/1.png", "bus/1.png"):
        photograph(name)
    assert read_labels(tmp_path).classes == ("bus", "train")


def test_everything_wrong_is_listed_at_once(tmp_path, photograph):
    for name in ("train/dog/1.png", "train/loose.png", "val/hen/1.png", "other/1.png"):
        photograph(name)
    (tmp_path / "train" / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        read_labels(tmp_path)
    message = str(caught.value)
    assert "loose.png lies in no class folder" in message
    assert "hen: a class that train does not have" in message
    assert "other stands beside" in message
    assert "empty holds no image" in message


def test_pictures_without_folders_or_table_are_explained(tmp_path, photograph):
    photograph("1.png")
    with pytest.raises(DataError, match="neither class folders nor a label file"):
        read_labels(tmp_path)


def test_no_such_folder(tmp_path):
    with pytest.raises(DataError, match="no folder"):
        read_labels(tmp_path / "gone")
    with pytest.raises(DataError, match="no label file"):
        read_labels(tmp_path, tmp_path / "gone.csv")


def test_groups_need_a_table(tmp_path, photograph):
    photograph("dog/1.png")
    with pytest.raises(UsageError, match="needs a label table"):
        read_labels(tmp_path, group_col="patient")


def test_validation_data_alone_is_read_under_the_models_classes(tmp_path, photograph):
    photograph("dog/1.png")
    found = read_labels(tmp_path, classes=("cat", "dog"))
    assert found.classes == ("cat", "dog")
    assert found.records[0].unknown == frozenset()  # a folder says that the other classes are absent
    with pytest.raises(DataError, match="none of the model's classes"):
        read_labels(tmp_path, classes=("cat",))


def test_two_label_files_ask_which(tmp_path):
    for name in ("labels.csv", "metadata.jsonl"):
        (tmp_path / name).write_text("x")
    with pytest.raises(UsageError, match=r"labels\.csv, metadata\.jsonl"):
        read_labels(tmp_path)


def test_a_label_file_may_stand_for_the_data(tmp_path, photograph):
    photograph("a.png")
    (tmp_path / "mine.csv").write_text("file_name,labels\na.png,cat\n")
    assert read_labels(tmp_path / "mine.csv").classes == ("cat",)


def test_an_ending_nobody_reads_lists_those_that_are(tmp_path):
    (tmp_path / "labels.docx").write_text("x")
    with pytest.raises(UsageError, match=r"\.csv, \.tsv"):
        read_labels(tmp_path, tmp_path / "labels.docx")


def test_what_is_hidden_anywhere_is_not_trained_on_and_a_chosen_name_is(tmp_path, photograph):
    for name in (
        *("cat/1.png", "dog/1.png", "__background__/1.png"),
        *("cat/.ipynb_checkpoints/1-checkpoint.png", "dog/@eaDir/1.png/THUMB.png", "__MACOSX/cat/._1.png"),
    ):
        photograph(name)
    found = read_labels(tmp_path)
    assert found.classes == ("__background__", "cat", "dog")
    assert len(found.records) == 3
    assert any("3 files hidden" in note and "@eaDir (1)" in note for note in found.notes)


def test_pictures_that_cannot_be_read_are_counted_by_ending(tmp_path, photograph):
    for name in ("cat/1.png", "dog/1.png"):
        photograph(name)
    for name in ("cat/2.heic", "dog/3.HEIC", "notes.csv"):
        (tmp_path / name).touch()
    notes = read_labels(tmp_path).notes
    assert any(
        "2 files of .heic cannot be read, convert it to JPEG or PNG first: cat/2.heic, dog/3.HEIC" in n
        for n in notes
    )
    assert any("1 file of .csv" in note and "notes.csv" in note for note in notes)


def test_an_empty_class_folder_says_what_is_in_it(tmp_path, photograph):
    photograph("cat/1.png")
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "1.heic").touch()
    with pytest.raises(DataError, match=r"dog holds no image.*1 file of \.heic cannot be read"):
        read_labels(tmp_path)


def test_a_picture_beside_the_splits_is_not_dropped(tmp_path, photograph):
    for name in ("train/cat/1.png", "train/dog/1.png", "val/cat/1.png", "loose.png"):
        photograph(name)
    with pytest.raises(DataError, match=r"loose\.png lies in no class folder"):
        read_labels(tmp_path)


def test_a_circle_of_links_ends(tmp_path, photograph):
    photograph("cat/1.png")
    photograph("dog/1.png")
    (tmp_path / "cat" / "all").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    found = read_labels(tmp_path)
    assert len(found.records) == 2
    assert any(note.startswith("2 links") for note in found.notes)


def test_a_folder_of_hidden_things_alone_is_no_class_and_is_counted(tmp_path):
    """A run that has just begun inside the photographs is one: `weldon train .` makes it before it reads."""
    for name in ("cat/a.png", "dog/b.png"):
        (tmp_path / name).parent.mkdir()
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    (tmp_path / "runs" / "train").mkdir(parents=True)
    (tmp_path / "runs" / "train" / ".lock").touch()
    found = read_labels(tmp_path)
    assert found.classes == ("cat", "dog")
    assert any(".lock" in note for note in found.notes)


def told(*names: str, split: str | None = None) -> Told:
    return Told("t.csv", "long", [Row.of(name, name, frozenset({"cat"}), split=split) for name in names])


def test_folders_called_after_splits_divide_the_images_and_it_is_said():
    found = with_folder_splits(told("train/a.png", "valid/cat/b.png", "data\\test\\c.png"))
    assert [row.record.split for row in found.rows] == ["train", "val", "test"]
    assert found.notes == ["the folders of the images say the split: test 1, train 1, val 1"]


@pytest.mark.parametrize(
    "names", [("train/a.png", "b.png", "test/c.png"), ("a/b.png", "test/c.png"), ("val/a.png", "test/c.png")]
)
def test_folders_that_do_not_divide_all_are_passed_over_with_a_note(names):
    found = with_folder_splits(told(*names))
    assert all(row.record.split is None for row in found.rows)
    assert "are passed over" in found.notes[0]


@pytest.mark.parametrize("names", [("a.png", "b/c.png"), ("train/a.png",), ("test/a.png", "test/b.png")])
def test_one_folder_or_none_says_nothing(names):
    assert with_folder_splits(told(*names)).notes == []


def test_a_column_of_splits_counts_before_folders():
    given = told("train/a.png", "test/b.png", split="train")
    assert with_folder_splits(given) is given
