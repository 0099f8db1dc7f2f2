"""What check finds, each finding planted by the test."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weldon.data.check import check_data, cooccurrence
from weldon.data.labels import read_labels
from weldon.data.record import LabelSet, Record


def drawing(seed: int, size: tuple[int, int] = (200, 150)) -> Image.Image:
    """Return soft clouds that differ from seed to seed: known again after saving at another quality."""
    clouds = np.random.default_rng(seed).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    return Image.fromarray(clouds).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def labelled(tmp_path: Path) -> LabelSet:
    """Twenty-four different drawings, two classes in turn, a quarter for validation."""
    records = []
    for number in range(24):
        path = tmp_path / f"{number:02}.jpg"
        drawing(number).save(path, quality=95)
        records.append(
            Record(
                path,
                path.name,
                frozenset({"dog" if number % 2 else "cat"}),
                split="val" if number > 17 else "train",
            )
        )
    return LabelSet(tuple(records), ("cat", "dog"), "long", ("a note",))


def test_a_clean_set_has_no_errors_and_no_warnings(labelled):
    counts: list[int] = []
    report = check_data(labelled, progress=counts.append)
    assert report.errors == report.warnings == ()
    assert report.copies == ()
    assert report.splits == {"train": 18, "val": 6}
    assert [(c.name, c.positives, c.by_split) for c in report.classes] == [
        ("cat", 12, {"train": 9, "val": 3}),
        ("dog", 12, {"train": 9, "val": 3}),
    ]
    assert report.cooccurrence == ((12, 0), (0, 12))
    assert report.sizes["median"] == (200, 150)
    assert report.notes == ("a note",)
    assert counts == list(range(1, 25))


def test_the_report_is_json_and_text(labelled):
    report = check_data(labelled)
    assert json.loads(json.dumps(report.as_dict()))["classes"][0]["name"] == "cat"
    text = report.render()
    assert "24 images (train 18, val 6), 2 classes" in text
    assert "note: a note" in text
    assert "0 errors, 0 warnings" in text


def test_a_file_in_two_splits_is_a_leak(labelled):
    shutil.copy(labelled.records[0].path, labelled.records[20].path)
    report = check_data(labelled)
    assert report.errors == ("leak: one file in train and val: 00.jpg, 20.jpg",)


def test_a_file_with_different_labels_is_an_error(labelled):
    shutil.copy(labelled.records[0].path, labelled.records[1].path)
    assert "one file with different labels: 00.jpg, 01.jpg" in check_data(labelled).errors


def test_a_copy_within_a_split_is_a_warning(labelled):
    shutil.copy(labelled.records[0].path, labelled.records[2].path)
    report = check_data(labelled)
    assert report.errors == ()
    assert "one file 2 times: 00.jpg, 02.jpg" in report.warnings


@pytest.mark.parametrize(("quality", "size"), [(60, (200, 150)), (90, (100, 75)), (85, (333, 250))])
def test_the_same_picture_saved_again_is_found(labelled, quality, size):
    drawing(0).resize(size).save(labelled.records[20].path, quality=quality)
    report = check_data(labelled)
    assert report.errors == ()
    (warning,) = (text for text in report.warnings if "nearly" in text)
    assert warning == "nearly one picture in train and val, look whether it leaks: 00.jpg, 20.jpg"


def test_plain_pictures_are_not_taken_for_copies(labelled):
    for number, grey in ((0, 10), (1, 200)):
        Image.new("RGB", (50, 50), (grey,) * 3).save(labelled.records[number].path)
    ramp = np.tile(np.linspace(255, 0, 60).astype(np.uint8), (60, 1))
    for number in (2, 3):
        Image.fromarray(np.roll(ramp, number, axis=0) - number).save(labelled.records[number].path)
    assert check_data(labelled).copies == ()


def test_a_bad_file_among_many_is_a_warning_and_more_are_an_error(labelled):
    """Of 24 files one may be bad; of a hundred, three."""
    for number in (3, 5):
        labelled.records[number].path.write_bytes(b"")
    one = check_data(labelled.with_records(labelled.records[:5] + labelled.records[6:] * 2))
    assert one.unreadable == (("03.jpg", "the file is empty (0 bytes)"),)
    assert "03.jpg cannot be read: the file is empty (0 bytes)" in one.warnings
    two = check_data(labelled)
    assert "03.jpg cannot be read: the file is empty (0 bytes)" in two.errors
    hundred = [replace(labelled.records[6 + index % 18], file_name=str(index)) for index in range(98)]
    mild = check_data(labelled.with_records((labelled.records[3], labelled.records[5], *hundred)))
    assert not any("cannot be read" in error for error in mild.errors)
    assert sum("cannot be read" in warning for warning in mild.warnings) == 2


def test_groups_in_two_splits_are_leaks(labelled):
    records = [replace(record, group=str(index % 12)) for index, record in enumerate(labelled.records)]
    errors = check_data(labelled.with_records(records)).errors
    assert "leak: group '6' has images in train and val" in errors


def test_doubtful_classes_are_warned_of(labelled):
    records = [
        replace(record, labels=frozenset({"cat"}), unknown=frozenset({"ghost"}))
        for record in labelled.records
    ]
    records[0] = replace(records[0], labels=frozenset({"cat", "ghost", "dog"}), unknown=frozenset())
    warnings = check_data(LabelSet(tuple(records), ("cat", "dog", "ghost", "none"), "wide")).warnings
    for expected in (
        "class 'cat' is in every image: there is nothing to tell it from",
        "class 'dog' has no positive in val: its AP cannot be measured",
        "class 'ghost' is nowhere absent, only present or unknown: it cannot be learnt",
        "class 'none' has no positive to learn from",
    ):
        assert expected in warnings
    few = check_data(LabelSet(labelled.records[:8], ("cat", "dog"), "wide")).warnings
    assert "class 'cat' has 4 positives: too few to learn from or to measure" in few


def test_odd_files_are_counted_and_named(labelled):
    paths = [record.path for record in labelled.records]
    exif = Image.Exif()
    exif[0x0112] = 6
    drawing(100).save(paths[0], exif=exif)
    drawing(101).convert("CMYK").save(paths[1])
    drawing(102).convert("L").save(paths[2])
    frames = [drawing(seed) for seed in (103, 104)]
    frames[0].save(paths[3], format="GIF", save_all=True, append_images=frames[1:])
    noise = np.random.default_rng(0).integers(0, 4095, (150, 200)).astype(np.uint16)
    Image.fromarray(noise).save(paths[4], format="PNG")
    drawing(105, (20, 200)).save(paths[5])
    report = check_data(labelled)
    assert report.turned == 1
    assert report.modes == {"RGB": 20, "CMYK": 1, "L": 1, "P": 1, "I;16": 1}
    assert report.sizes["smallest"] == (20, 150)
    text = " ".join(report.warnings)
    assert "03.jpg holds several frames" in text
    assert "04.jpg uses less than a quarter of its 16 bits" in text
    assert "05.jpg is tiny: 20 x 200" in text


def test_turned_pictures_are_measured_upright(labelled):
    exif = Image.Exif()
    exif[0x0112] = 6
    for record in labelled.records:
        drawing(int(record.path.stem), (400, 100)).save(record.path, exif=exif)
    assert check_data(labelled).sizes["largest"] == (100, 400)


def test_images_that_no_row_names_are_counted(labelled, tmp_path):
    (tmp_path / "more").mkdir()
    drawing(50).save(tmp_path / "more" / "x.png")
    report = check_data(labelled, folder=tmp_path)
    assert report.unused == ("more/x.png",)
    assert "1 image in the folder is in no row: more/x.png" in report.warnings
    assert check_data(labelled).unused == ()


def test_cooccurrence_by_hand():
    records = [Record(Path("a"), "a", frozenset(names)) for names in ("xy", "x", "yz", "xyz")]
    assert cooccurrence(records, ("x", "y", "z")) == ((3, 2, 1), (2, 3, 2), (1, 2, 2))


def test_a_table_is_checked_as_it_was_read(tmp_path):
    for name in "ab":
        drawing(ord(name)).save(tmp_path / f"{name}.png")
    (tmp_path / "labels.csv").write_text("file_name,cat,dog\na.png,1,\nb.png,0,1\n")
    report = check_data(read_labels(tmp_path), folder=tmp_path)
    assert report.unknown_cells == 1
    assert report.classes[1].unknown == 1
    assert report.splits == {"-": 2}
    assert "no splits yet" in report.render()


@pytest.mark.data
def test_the_steel_photographs_are_clean(steel):
    report = check_data(read_labels(steel), folder=steel)
    assert report.errors == ()
    assert report.images == 1170
    assert report.unreadable == report.unused == ()


def test_two_spellings_of_a_class_are_warned_of_once(tmp_path):
    for seed, name in enumerate("abc"):
        drawing(seed).save(tmp_path / f"{name}.png")
    table = tmp_path / "labels.csv"
    table.write_text("file_name,labels\na.png,café\nb.png,cafe\u0301\nc.png,Café\n", encoding="utf-8")
    report = check_data(read_labels(tmp_path, table))
    assert sum("look the same" in warning for warning in report.warnings) == 1
    assert not any("look the same" in note for note in report.notes)
