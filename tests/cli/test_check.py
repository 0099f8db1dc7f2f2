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
