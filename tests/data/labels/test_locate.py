"""Names in label files lead to files, or to a sentence about what is there instead."""

from __future__ import annotations

import pytest

from weldon.data.labels.locate import ImageFinder


def touched(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_folders_are_tried_in_order_and_their_images_folders_after_them(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    touched(first, "images/a.png", "images/b.png")
    touched(second, "a.png")
    finder = ImageFinder((first, second))
    assert finder.find("a.png") == second / "a.png"
    assert finder.find("b.png") == first / "images" / "b.png"


def test_a_folder_is_no_image(tmp_path):
    (tmp_path / "a.png").mkdir()
    assert ImageFinder([tmp_path]).find("a.png") is None


def test_names_of_another_machine_are_found_by_their_ends_only_where_asked(tmp_path):
    touched(tmp_path, "day 1/a.png")
    name = "C:\\photos\\day 1\\a.png"
    assert ImageFinder([tmp_path]).find(name) is None
    assert ImageFinder([tmp_path], tails=True).find(name) == tmp_path / "day 1" / "a.png"


def test_the_longest_end_wins(tmp_path):
    touched(tmp_path, "a.png", "day/a.png")
    assert ImageFinder([tmp_path], tails=True).find("x/day/a.png") == tmp_path / "day" / "a.png"


@pytest.mark.parametrize("written", ["caf\u00e9.png", "cafe\u0301.png"])
@pytest.mark.parametrize("stored", ["caf\u00e9.png", "cafe\u0301.png"])
def test_an_accent_is_one_however_it_is_composed(tmp_path, written, stored):
    touched(tmp_path, stored)
    assert ImageFinder([tmp_path]).find(written) == tmp_path / stored


def test_a_missing_file_says_where_it_was_looked_for_and_what_is_near(tmp_path):
    touched(tmp_path, "deep/Plate.JPG")
    finder = ImageFinder([tmp_path])
    assert finder.why_not("deep/plate.jpg") == (
        f"no file 'deep/plate.jpg' (looked in {tmp_path}); there is 'Plate.JPG': correct the name"
    )
    assert finder.why_not("plate.jpg") == f"no file 'plate.jpg' (looked in {tmp_path})"


@pytest.mark.parametrize("name", ["data:image/png;base64," + "iVBORw0KGgo" * 99, "long/" * 999 + "b", "a\0b"])
def test_what_no_file_can_be_called_is_not_found(tmp_path, name):
    finder = ImageFinder([tmp_path])
    assert finder.find(name) is None
    assert len(finder.why_not(name)) < 400


def test_a_name_composed_in_parts_is_found_as_the_disk_spells_it(tmp_path):
    (tmp_path / "e\u0301te\u0301").mkdir()
    stored = tmp_path / "e\u0301te\u0301" / "caf\u00e9 e\u0301.png"
    stored.touch()
    for written in ("été/café é.png", "été/cafe\u0301 \u00e9.png"):
        assert ImageFinder([tmp_path]).find(written) == stored
    assert ImageFinder([tmp_path]).find("été/cafe é.png") is None
