"""The constants of the catalogue against the paper's table and against what other packages know."""

from __future__ import annotations

import re

import pytest

from weldon.data.public.catalogue import CATALOGUE, count_note, find_entry, place_of
from weldon.data.record import LabelSet
from weldon.errors import UsageError

# Table 2 as printed: train, test, classes, measure.
TABLE_2 = {
    "voc2007": (5011, 4952, 20, "mAP"),
    "voc2012": (11540, 10991, 20, "mAP"),
    "voc2012-action": (2296, 2292, 10, "mAP"),
    "coco2014": (82783, 40504, 80, "mAP"),
    "mit67": (5360, 1340, 67, "accuracy"),
    "cub200": (5994, 5794, 200, "accuracy"),
    "ilsvrc2012": (1281167, 50000, 1000, "top-1"),
}
# The photographs as their own publishers count them, where train and test are all of them.
TOTALS = {"voc2007": 9963, "cub200": 11788, "coco2014": 123287, "coco2017": 123287, "voc2012-val": 11540}
DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}

entries = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
archives = pytest.mark.parametrize(
    "archive",
    {archive.name: archive for entry in CATALOGUE.values() for archive in entry.archives}.values(),
    ids=lambda archive: archive.name,
)


@pytest.mark.parametrize("name", TABLE_2)
def test_counts_are_those_of_table_2(name):
    entry = CATALOGUE[name]
    assert (entry.train, entry.test, entry.num_classes) == TABLE_2[name][:3]
    assert entry.measure.startswith(TABLE_2[name][3])
    assert entry.source == "paper, Table 2"


@pytest.mark.parametrize("name", TOTALS)
def test_train_and_test_add_up(name):
    assert CATALOGUE[name].train + CATALOGUE[name].test == TOTALS[name]


def test_mit67_has_eighty_and_twenty_a_class():
    assert CATALOGUE["mit67"].train == 67 * 80
    assert CATALOGUE["mit67"].test == 67 * 20


@entries
def test_class_lists_are_complete_and_distinct(entry):
    if entry.classes:
        assert len(entry.classes) == len(set(entry.classes)) == entry.num_classes


def test_voc_and_imagenet_archives_are_those_torchvision_names():
    from torchvision.datasets.imagenet import ARCHIVE_META
    from torchvision.datasets.voc import DATASET_YEAR_DICT

    ours = {archive.name for entry in CATALOGUE.values() for archive in entry.archives}
    assert {DATASET_YEAR_DICT[year]["filename"] for year in ("2007", "2007-test", "2012")} <= ours
    assert {name for name, _ in ARCHIVE_META.values()} <= ours


def test_archives_come_encrypted_and_are_verified_by_sha256_where_anybody_states_it():
    archives = [archive for entry in CATALOGUE.values() for archive in entry.archives]
    weak = {a.name: a.checksum for a in archives if not (a.checksum or "").startswith("sha256:")}
    assert weak == {
        "indoorCVPR_09.tar": "sha1:0b252516e746ba428b96af408d2e8162d9b08ac5",
        "TrainImages.txt": None,
        "TestImages.txt": None,
    }
    assert all(address.startswith("https://") for archive in archives for address in archive.addresses)


@archives
def test_archives_name_what_they_hold(archive):
    if archive.checksum is not None:
        algorithm, digest = archive.checksum.split(":")
        assert re.fullmatch(r"[0-9a-f]+", digest)
        assert len(digest) == DIGITS[algorithm]
    for address in archive.addresses:
        assert address.endswith(f"/{archive.name}")


@entries
def test_what_cannot_be_fetched_says_how_to_get_it(entry):
    assert entry.name == entry.name.lower()
    assert entry.licence.endswith(".")
    assert bool(entry.by_hand) == any(not archive.addresses for archive in entry.archives)


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(UsageError, match=r"`dataset` must be one of voc2007, .*ilsvrc2012, got 'voc2010'"):
        find_entry("voc2010")


def test_the_place_is_the_sets_own_folder_where_there_is_one(tmp_path):
    assert place_of("voc2012-action", tmp_path) == tmp_path
    (tmp_path / "voc2012").mkdir()
    assert place_of("voc2012-action", tmp_path) == tmp_path / "voc2012"


def test_the_note_says_when_the_set_is_whole(monkeypatch):
    from dataclasses import replace

    none = LabelSet((), (), "cub")
    whole = replace(CATALOGUE["cub200"], train=0, test=0)
    assert count_note(whole, none) == "cub200: 0 training and 0 test images, as published (paper, Table 2)"
    assert "0 of 5,994" in count_note(CATALOGUE["cub200"], none)
