"""Declared images are never those that are measured."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from weldon.data import Record
from weldon.errors import DataError, UsageError
from weldon.evaluation.selection import _other_records, tuning_images
from weldon.runs.recipe import build_recipe


def image(name: str, split: str) -> Record:
    return Record(Path("/photos") / name, name, frozenset(), split=split)


RECORDS = (
    image("a.jpg", "train"),
    image("b.jpg", "val"),
    image("deep/c.jpg", "val"),
    image("d.jpg", "test"),
    image("d.png", "test"),
)
TEST = [record for record in RECORDS if record.split == "test"]
VAL = [record for record in RECORDS if record.split == "val"]


def names(chosen) -> list[str]:
    return [record.file_name for record in chosen]


def listed(folder: Path, text: str) -> str:
    (folder / "declared.txt").write_text(text)
    return str(folder / "declared.txt")


@pytest.mark.parametrize("spelling", ["val", "validation", "Valid"])
def test_a_split_may_choose_for_another(spelling):
    assert names(tuning_images(RECORDS, spelling, TEST)) == ["b.jpg", "deep/c.jpg"]


def test_a_list_has_file_names_or_stems_and_remarks(tmp_path):
    source = listed(tmp_path, "# declared 2026\nc\nb.jpg  # a cow\n\nb.jpg\n")
    assert names(tuning_images(RECORDS, source, TEST)) == ["deep/c.jpg", "b.jpg"]


def test_measured_images_may_not_choose(tmp_path):
    with pytest.raises(UsageError, match=r"other images than those measured.*2 of its 2"):
        tuning_images(RECORDS, "val", VAL)
    with pytest.raises(UsageError, match=r"1 of its 2 are measured, c\.jpg"):
        tuning_images(RECORDS, listed(tmp_path, "a.jpg\ndeep/c.jpg\n"), VAL)


def test_names_that_are_no_image_are_all_listed(tmp_path):
    with pytest.raises(DataError, match=r"nobody: no such image\s+d: 2 images"):
        tuning_images(RECORDS, listed(tmp_path, "nobody\nd\nb\n"), TEST)


def test_neither_split_nor_file_is_refused():
    with pytest.raises(UsageError, match="train, val, test or a file of names, got 'vla'"):
        tuning_images(RECORDS, "vla", TEST)


def test_an_empty_list_is_refused(tmp_path):
    with pytest.raises(UsageError, match="none"):
        tuning_images(RECORDS, listed(tmp_path, "# nothing yet\n"), TEST)


def test_declared_training_images_are_mentioned(caplog):
    tuning_images(RECORDS, "train", TEST)
    assert "1 of the 1 images to tune on were trained on" in caplog.text


def test_what_the_reader_says_of_other_data_is_said(tmp_path, caplog):
    (tmp_path / "a.png").touch()
    (tmp_path / "labels.csv").write_text("file_name,labels,note\na.png,cat,x\n")
    run = SimpleNamespace(class_names=("cat",))
    records, _ = _other_records(run, build_recipe({"data": tmp_path}), tmp_path, None)
    assert names(records) == ["a.png"]
    assert "columns that are not used: note" in caplog.text
