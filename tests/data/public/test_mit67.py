"""MIT67 in miniature: two scenes, an image in neither list."""

from __future__ import annotations

import pytest

from weldon.data.public.catalogue import read_dataset
from weldon.data.public.class_lists import MIT67_CLASSES
from weldon.errors import DataError

TRAIN = ["gameroom/bt_132294gameroom2.jpg", "bathroom/room_201.jpg"]
TEST = ["bathroom/b_02.jpg"]


@pytest.fixture
def mit67(tmp_path, photograph):
    for name in (*TRAIN, *TEST, "bathroom/not_listed.jpg"):
        photograph(f"indoorCVPR_09/Images/{name}")
    (tmp_path / "TrainImages.txt").write_text("\n".join(TRAIN))  # the last line has no end, as published
    (tmp_path / "TestImages.txt").write_text("\n".join(TEST))
    return tmp_path


def test_only_the_official_lists_count(mit67):
    found = read_dataset("mit67", mit67)
    assert [(r.file_name, r.split) for r in found.records] == [
        (TRAIN[0], "train"),
        (TRAIN[1], "train"),
        (TEST[0], "test"),
    ]
    assert found.records[0].labels == {"gameroom"}
    assert found.classes == MIT67_CLASSES


@pytest.mark.parametrize("inner", ["indoorCVPR_09", "."])
def test_lists_may_lie_beside_images_or_above(mit67, inner):
    for name in ("TrainImages.txt", "TestImages.txt"):
        (mit67 / name).rename(mit67 / inner / name)
    assert len(read_dataset("mit67", mit67).records) == 3
    assert len(read_dataset("mit67", mit67 / "indoorCVPR_09").records) == 3


def test_a_missing_photograph_and_a_strange_class_are_named(mit67):
    (mit67 / "TestImages.txt").write_text("bathroom/gone.jpg\nballroom/b.jpg\n")
    with pytest.raises(DataError) as error:
        read_dataset("mit67", mit67)
    assert "TestImages.txt line 1: no file 'bathroom/gone.jpg'" in str(error.value)
    assert "'ballroom/b.jpg' has the label 'ballroom'" in str(error.value)
