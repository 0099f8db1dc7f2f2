"""CUB-200-2011 in miniature: three birds of two species."""

from __future__ import annotations

import pytest

from weldon.data.public.catalogue import read_dataset
from weldon.data.record import Box
from weldon.errors import DataError

CLASSES = ("001.Black_footed_Albatross", "002.Laysan_Albatross")
IMAGES = [
    f"{CLASSES[0]}/Black_Footed_Albatross_0046_18.jpg",
    f"{CLASSES[0]}/Black_Footed_Albatross_0009_34.jpg",
]
IMAGES += [f"{CLASSES[1]}/Laysan_Albatross_0001_545.jpg"]


def table(*values: str) -> str:
    return "".join(f"{number} {value}\n" for number, value in enumerate(values, start=1))


@pytest.fixture
def cub(tmp_path, photograph):
    root = tmp_path / "CUB_200_2011"
    for name in IMAGES:
        photograph(f"CUB_200_2011/images/{name}")
    (root / "images.txt").write_text(table(*IMAGES))
    (root / "classes.txt").write_text(table(*CLASSES))
    (root / "image_class_labels.txt").write_text(table("1", "1", "2"))
    (root / "train_test_split.txt").write_text(table("0", "1", "1"))
    (root / "bounding_boxes.txt").write_text(table("1.0 2.0 5.0 4.0", "0.0 0.0 12.0 8.0", "3.0 1.0 6.0 7.0"))
    return tmp_path


def test_the_split_is_the_official_one_for_recognition(cub):
    found = read_dataset("cub200", cub)
    assert [record.split for record in found.records] == ["test", "train", "train"]
    assert [set(record.labels) for record in found.records] == [{CLASSES[0]}, {CLASSES[0]}, {CLASSES[1]}]
    # The retrieval split would train on the first half of the species: both species are on both sides here.
    assert found.classes == CLASSES


def test_boxes_are_kept_for_measuring(cub):
    assert read_dataset("cub200", cub).records[0].boxes == (Box(CLASSES[0], 1, 2, 6, 6),)


def test_boxes_may_be_missing(cub):
    (cub / "CUB_200_2011" / "bounding_boxes.txt").unlink()
    assert read_dataset("cub200", cub).records[0].boxes is None


def test_the_folder_itself_is_found_too(cub):
    assert len(read_dataset("cub200", cub / "CUB_200_2011").records) == 3


def test_an_image_without_split_or_class_is_named(cub):
    root = cub / "CUB_200_2011"
    (root / "train_test_split.txt").write_text(table("0", "1"))
    (root / "image_class_labels.txt").write_text(table("1", "7", "2"))
    with pytest.raises(DataError) as error:
        read_dataset("cub200", cub)
    assert error.value.problems == (
        "images.txt, image 2: nothing usable in image_class_labels.txt",
        "images.txt, image 3: nothing usable in train_test_split.txt",
    )


def test_a_missing_table_is_named(cub):
    (cub / "CUB_200_2011" / "train_test_split.txt").unlink()
    with pytest.raises(DataError, match=r"no CUB-200-2011 in .* must hold images.txt"):
        read_dataset("cub200", cub)
