"""Tuning images are never those that are measured, neither today nor when their settings are used again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from weldon.data import Record
from weldon.errors import DataError, UsageError
from weldon.evaluation.selection import MeasuredImages
from weldon.evaluation.tuning_images import choose_tuning_images, read_tuned, write_tuned
from weldon.runs.tuned_files import Localisation

RECORDS = tuple(Record(Path(name), name, frozenset()) for name in ("c.jpg", "b.jpg", "a.jpg"))


def images(*, measured: slice, tuning: slice, data: Path = Path("photos")) -> MeasuredImages:
    return MeasuredImages(RECORDS, RECORDS[measured], RECORDS[tuning], data, own=True)


@pytest.fixture
def stored(tmp_path) -> Path:
    """Settings that c.jpg and b.jpg chose."""
    path = tmp_path / "localisation.json"
    chosen = images(measured=slice(2, 3), tuning=slice(0, 2))
    write_tuned(path, {"box_threshold": 0.35}, replace(chosen, tune_on="list.txt"))
    return path


def test_settings_are_kept_with_the_images_that_chose_them(stored):
    found = json.loads(stored.read_text())
    assert found["box_threshold"] == 0.35
    assert found["tuned_on"] == {
        "source": "list.txt",
        "data": str(Path("photos").resolve()),
        "images": ["b.jpg", "c.jpg"],
    }


def test_other_images_may_use_them(stored):
    found = read_tuned(Localisation, stored, images(measured=slice(2, 3), tuning=slice(0)))
    assert found is not None
    assert found["box_threshold"] == 0.35


def test_images_that_chose_them_may_not_and_are_counted(stored, caplog):
    assert read_tuned(Localisation, stored, images(measured=slice(1, 3), tuning=slice(0))) is None
    assert "localisation.json was chosen on 1 of the measured images" in caplog.text


def test_images_of_the_same_name_elsewhere_are_other_images(stored):
    elsewhere = images(measured=slice(0, 3), tuning=slice(0), data=Path("other"))
    assert read_tuned(Localisation, stored, elsewhere) is not None


def test_settings_that_a_person_wrote_were_chosen_on_nothing(tmp_path):
    (tmp_path / "a.json").write_text('{"box_threshold": 0.5}')
    everything = images(measured=slice(0, 3), tuning=slice(0))
    assert read_tuned(Localisation, tmp_path / "a.json", everything) == {"box_threshold": 0.5}
    assert read_tuned(Localisation, tmp_path / "b.json", everything) is None


def test_a_file_that_holds_no_settings_is_named(tmp_path):
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(DataError, match=r"a\.json"):
        read_tuned(Localisation, tmp_path / "a.json", images(measured=slice(0, 3), tuning=slice(0)))


def image(name: str, split: str) -> Record:
    return Record(Path("/photos") / name, name, frozenset(), split=split)


SPLIT_RECORDS = (
    image("a.jpg", "train"),
    image("b.jpg", "val"),
    image("deep/c.jpg", "val"),
    image("d.jpg", "test"),
    image("d.png", "test"),
)
TEST = [record for record in SPLIT_RECORDS if record.split == "test"]
VAL = [record for record in SPLIT_RECORDS if record.split == "val"]


def names(chosen) -> list[str]:
    return [record.file_name for record in chosen]


def listed(folder: Path, text: str) -> str:
    (folder / "tuning.txt").write_text(text)
    return str(folder / "tuning.txt")


@pytest.mark.parametrize("spelling", ["val", "validation", "Valid"])
def test_a_split_may_choose_for_another(spelling):
    assert names(choose_tuning_images(SPLIT_RECORDS, spelling, TEST)) == ["b.jpg", "deep/c.jpg"]


def test_a_list_has_file_names_or_stems_and_remarks(tmp_path):
    source = listed(tmp_path, "# tuning 2026\nc\nb.jpg  # a cow\n\nb.jpg\n")
    assert names(choose_tuning_images(SPLIT_RECORDS, source, TEST)) == ["deep/c.jpg", "b.jpg"]


def test_measured_images_may_not_choose(tmp_path):
    with pytest.raises(UsageError, match=r"other images than those measured.*2 of its 2"):
        choose_tuning_images(SPLIT_RECORDS, "val", VAL)
    with pytest.raises(UsageError, match=r"1 of its 2 are measured, c\.jpg"):
        choose_tuning_images(SPLIT_RECORDS, listed(tmp_path, "a.jpg\ndeep/c.jpg\n"), VAL)


def test_names_that_are_no_image_are_all_listed(tmp_path):
    with pytest.raises(DataError, match=r"nobody: no such image\s+d: 2 images"):
        choose_tuning_images(SPLIT_RECORDS, listed(tmp_path, "nobody\nd\nb\n"), TEST)


def test_neither_split_nor_file_is_refused():
    with pytest.raises(UsageError, match="train, val, test or a file of names, got 'vla'"):
        choose_tuning_images(SPLIT_RECORDS, "vla", TEST)


def test_an_empty_list_is_refused(tmp_path):
    with pytest.raises(UsageError, match="none"):
        choose_tuning_images(SPLIT_RECORDS, listed(tmp_path, "# nothing yet\n"), TEST)


def test_training_images_that_choose_are_mentioned(caplog):
    choose_tuning_images(SPLIT_RECORDS, "train", TEST)
    assert "1 of the 1 images to tune on were trained on" in caplog.text
