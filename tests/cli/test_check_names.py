"""``weldon check NAME``: a public data set by its name below a data root."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weldon.cli import main


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


def run(capsys, *arguments: str | Path) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0), capsys.readouterr().out


def test_a_name_is_looked_up_below_the_data_root(scenes67, capsys):
    status, text = run(capsys, "check", "mit67", "--data-root", scenes67, "--json")
    report = json.loads(text)
    assert status == 0
    assert (report["form"], report["splits"]) == ("mit67", {"train": 2, "test": 1})
    assert report["unused"] == []  # what the official lists leave out is no oversight
    assert any("2 of 5,360 training" in note for note in report["notes"])


def test_a_folder_and_the_option_do_the_same(scenes67, capsys):
    status, text = run(capsys, "check", scenes67 / "mit67", "--dataset", "mit67", "--json")
    assert (status, json.loads(text)["images"]) == (0, 3)


def test_a_data_set_that_is_not_there_is_bad_data(scenes67, capsys):
    with pytest.raises(SystemExit) as left:
        main(["check", "voc2007", "--data-root", str(scenes67)])
    assert left.value.code == 1
    assert "no VOC 2007 in" in capsys.readouterr().err
