"""The verb counts, names what would go wrong, and its exit status says whether anything did."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from cli.shell import run


@pytest.fixture
def pictures(tmp_path):
    """Six different pictures and a table of their labels, one of them for validation."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(6):
        Image.fromarray(random.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    rows = [f"{n}.png,{'cat' if n % 2 else 'dog'},{'val' if n == 5 else 'train'}" for n in range(6)]
    (folder / "labels.csv").write_text("\n".join(["file_name,labels,split", *rows]) + "\n")
    return folder


def check(capsys, folder, *options):
    return run(capsys, "check", folder, "--labels", folder / "labels.csv", *options)


def test_counts_are_those_of_the_table(pictures, capsys):
    code, said = check(capsys, pictures, "--json")
    assert code == 0, said.err
    found = json.loads(said.out)
    assert (found["images"], found["splits"]) == (6, {"train": 5, "val": 1})
    assert (found["unreadable"], found["unused"]) == ([], [])
    assert {count["name"]: count["by_split"] for count in found["classes"]} == {
        "cat": {"train": 2, "val": 1},
        "dog": {"train": 3},
    }


def test_a_broken_picture_is_named_and_the_status_is_1(pictures, capsys):
    (pictures / "3.png").write_bytes(b"no picture")
    code, said = check(capsys, pictures)
    assert (code, "3.png" in said.out) == (1, True)
    code, said = check(capsys, pictures, "--json")
    assert (code, [name for name, _ in json.loads(said.out)["unreadable"]]) == (1, ["3.png"])


def test_a_picture_that_is_in_training_and_validation_is_a_leak(pictures, capsys):
    shutil.copy(pictures / "1.png", pictures / "5.png")
    code, said = check(capsys, pictures)
    assert code == 1
    leak = next(line for line in said.out.splitlines() if "1.png" in line and "5.png" in line)
    assert "train" in leak


def test_a_picture_without_a_row_is_counted_and_is_no_error(pictures, capsys):
    shutil.copy(pictures / "1.png", pictures / "6.png")
    Image.new("RGB", (9, 9)).save(pictures / "6.png")
    code, said = check(capsys, pictures, "--json")
    assert (code, json.loads(said.out)["unused"]) == (0, ["6.png"])


def test_a_row_without_a_picture_is_named_with_its_row(pictures, capsys):
    with (pictures / "labels.csv").open("a") as file:
        file.write("ghost.png,cat,train\n")
    code, said = check(capsys, pictures)
    assert code == 1
    assert "ghost.png" in said.err + said.out
    assert "row 8" in said.err + said.out


def add_rows(folder, *rows):
    with (folder / "labels.csv").open("a") as file:
        file.writelines(f"{row}\n" for row in rows)


def test_what_can_be_read_is_counted_beside_all_errors(pictures, capsys):
    (pictures / "3.png").write_bytes(b"no picture")
    add_rows(pictures, "ghost.png,cat,train", "ghoul.png,dog,nowhere")
    code, said = check(capsys, pictures, "--json")
    found = json.loads(said.out)
    assert (code, found["images"], found["splits"]) == (1, 6, {"train": 5, "val": 1})
    assert {count["name"]: count["positives"] for count in found["classes"]} == {"cat": 3, "dog": 3}
    for words in ("row 8", "ghost.png", "row 9", "ghoul.png", "'nowhere'", "3.png cannot be read"):
        assert any(words in error for error in found["errors"]), words
    code, said = check(capsys, pictures)
    assert (code, said.out.splitlines()[0]) == (
        1,
        "6 images (train 5, val 1), 2 classes; labels in one column",
    )
    assert all(f"error: {error}" in said.out for error in found["errors"])


def test_cells_that_are_not_understood_are_unknown_and_no_absence(pictures, capsys):
    rows = [
        "file_name,cat,dog",
        *(f"{n}.png,{n % 2},{1 - n % 2}" for n in range(4)),
        "4.png,-1,1",
        "5.png,x,0",
    ]
    (pictures / "labels.csv").write_text("\n".join(rows))
    code, said = check(capsys, pictures, "--json")
    found = json.loads(said.out)
    assert (code, found["images"], found["unknown_cells"]) == (1, 6, 2)
    assert ["--minus-one" in error for error in found["errors"]].count(True) == 1


@pytest.mark.parametrize("cell", ["?", "\"['cat', \""])
def test_a_row_whose_labels_are_not_understood_is_in_no_count(pictures, capsys, cell):
    Image.new("RGB", (99, 99), "red").save(pictures / "6.png")
    add_rows(pictures, f"6.png,{cell},train")
    code, said = check(capsys, pictures, "--json")
    found = json.loads(said.out)
    assert (code, found["images"], len(found["errors"])) == (1, 6, 1)
    assert [count["name"] for count in found["classes"]] == ["cat", "dog"]


def test_without_any_picture_the_errors_are_all_that_is_said(pictures, capsys):
    for picture in pictures.glob("*.png"):
        picture.unlink()
    code, said = check(capsys, pictures)
    assert (code, said.out.splitlines()[0][:19]) == (1, "0 images (no splits")
    assert said.err == f"reading {pictures} and {pictures / 'labels.csv'} ...\n"
    assert said.out.splitlines()[-1] == "6 errors, 0 warnings"


def test_files_that_are_no_pictures_are_counted_by_their_ending(pictures, capsys):
    for name in (*(f"IMG_{n}.HEIC" for n in range(7)), "notes.txt", ".hidden"):
        (pictures / name).write_bytes(b"something")
    code, said = check(capsys, pictures, "--json")
    assert (code, json.loads(said.out)["notes"]) == (
        0,
        [
            "1 file hidden or a system's own, passed over: .hidden (1)",
            "7 files of .heic cannot be read, convert it to JPEG or PNG first: IMG_0.HEIC, IMG_1.HEIC, "
            "IMG_2.HEIC, IMG_3.HEIC, IMG_4.HEIC, ...",
            "1 file of .txt, no image by its ending, passed over: notes.txt",
        ],
    )


def test_a_picture_whose_row_is_left_out_is_not_said_to_have_none(pictures, capsys):
    for number, cell in enumerate(("NA", "?"), start=6):
        Image.new("RGB", (99, 99), "red").save(pictures / f"{number}.png")
        add_rows(pictures, f"{number}.png,{cell},train")
    code, said = check(capsys, pictures, "--json")
    assert (code, json.loads(said.out)["unused"]) == (1, [])


@pytest.fixture
def scenes67(tmp_path):
    names = {"TrainImages.txt": ["bar/a.jpg", "gym/b.jpg"], "TestImages.txt": ["bar/c.jpg"]}
    for number, (table, images) in enumerate(names.items()):
        (tmp_path / "mit67").mkdir(exist_ok=True)
        (tmp_path / "mit67" / table).write_text("\n".join(images))
        for name in (*images, f"bar/extra{number}.jpg"):
            path = tmp_path / "mit67" / "indoorCVPR_09" / "Images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(len(name) + ord(name[4])).integers(0, 255, (40, 50, 3))
            Image.fromarray(noise.astype(np.uint8)).save(path)
    return tmp_path


def test_a_name_is_looked_up_below_the_data_root(scenes67, capsys):
    status, said = run(capsys, "check", "mit67", "--data-root", scenes67, "--json")
    report = json.loads(said.out)
    assert status == 0
    assert (report["form"], report["splits"]) == ("mit67", {"train": 2, "test": 1})
    assert report["unused"] == []  # what the official lists leave out is no oversight
    assert any("2 of 5,360 training" in note for note in report["notes"])


def test_a_folder_and_the_option_do_the_same(scenes67, capsys):
    status, said = run(capsys, "check", scenes67 / "mit67", "--dataset", "mit67", "--json")
    assert (status, json.loads(said.out)["images"]) == (0, 3)


def test_a_data_set_that_is_not_there_is_bad_data(scenes67, capsys):
    status, said = run(capsys, "check", "voc2007", "--data-root", scenes67)
    assert (status, "no VOC 2007 in" in said.err) == (1, True)
