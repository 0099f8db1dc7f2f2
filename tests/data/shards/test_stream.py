"""What shards give back, to one process or to many, and how a damaged one is named."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from dataclasses import replace

import pytest
import torch

from weldon.data.dataset import ImageDataset
from weldon.data.shards import INDEX, read_index, write_shards
from weldon.data.transforms import EvalTransform, TrainTransform
from weldon.errors import DataError, UsageError

CLASSES = ("cat", "dog")
pytest.importorskip("webdataset", reason="the extra `shards` is not installed")
from weldon.data.shards.stream import ShardImages, shard_loader  # noqa: E402


def test_measuring_sees_every_image_once_and_as_the_files_are(label_set, index):
    transform = EvalTransform(16)
    images = ShardImages(index, "train", transform, shuffle=False)
    items = {item["index"]: item for item in images}
    assert len(items) == len(images) == 20
    plain = ImageDataset([r for r in label_set.records if r.split == "train"], CLASSES, transform)
    by_weight = {round(item["weight"], 3): item for item in items.values()}
    for expected in (plain[number] for number in range(20)):
        item = by_weight[round(expected["weight"], 3)]
        for name in ("image", "mask", "target", "known", "size"):
            assert torch.equal(item[name], expected[name]), name


def epoch_of(images: ShardImages, epoch: int) -> list[int]:
    images.set_epoch(epoch)
    return [item["index"] for item in images]


def test_an_epoch_gives_every_image_once_in_an_order_of_its_own(index):
    images = ShardImages(index, "train", TrainTransform(16), shuffle=True, seed=1)
    first, again, second = epoch_of(images, 0), epoch_of(images, 0), epoch_of(images, 1)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first == again
    assert first != second
    assert first != sorted(first)


@pytest.mark.parametrize("world", [2, 3])
def test_processes_get_as_many_images_each_and_different_ones(index, world):
    seen = []
    for rank in range(world):
        images = ShardImages(index, "train", TrainTransform(16), shuffle=True)
        images.place = (rank, world)
        assert len(images) == 20 // world
        seen.append(epoch_of(images, 0))
    assert {len(part) for part in seen} == {20 // world}
    assert all(set(a).isdisjoint(b) for n, a in enumerate(seen) for b in seen[n + 1 :])


def test_workers_share_the_shards(index):
    loader = shard_loader(
        ShardImages(index, "test", EvalTransform(16), shuffle=False), batch_size=2, workers=2
    )
    counted = Counter(number for batch in loader for number in batch["index"].tolist())
    assert counted == dict.fromkeys(range(5), 1)


def test_more_workers_than_shards_are_refused(label_set, tmp_path):
    index = write_shards(label_set, tmp_path / "one")
    images = ShardImages(index, "train", EvalTransform(16), shuffle=True)
    images.place = (0, 2)
    with pytest.raises(UsageError, match="`shards` must be at least 2 for 2 processes and workers, got 1"):
        next(iter(images))


def test_a_broken_image_is_a_marker(label_set, tmp_path):
    label_set.records[0].path.write_bytes(b"no image")
    index = write_shards(label_set, tmp_path / "broken")
    loader = shard_loader(
        ShardImages(index, "train", EvalTransform(16), shuffle=False), batch_size=20, workers=0
    )
    with pytest.warns(RuntimeWarning, match="cannot read the image deep/0.jpg"):
        (batch,) = loader
    assert batch["image"].shape == (19, 3, 16, 16)


def test_a_picture_in_a_format_that_is_not_read_says_what_to_do(label_set, tmp_path):
    first, *others = label_set.records
    raw = first.path.rename(first.path.with_suffix(".nef"))
    records = (replace(first, path=raw, file_name="deep/0.nef"), *others)
    index = write_shards(replace(label_set, records=records), tmp_path / "raw")
    images = ShardImages(index, "train", EvalTransform(16), shuffle=False)
    told = [item["unreadable"] for item in images if "unreadable" in item]
    assert told == [
        "cannot read the image deep/0.nef: a camera's raw file (.nef) is not read: convert it to JPEG or PNG"
    ]


def test_an_unknown_split_lists_the_choices(index):
    with pytest.raises(UsageError, match="`split` must be one of train, test, got 'val'"):
        ShardImages(index, "val", EvalTransform(16), shuffle=False)


def measured(folder):
    return list(ShardImages(read_index(folder), "test", EvalTransform(16), shuffle=False))


def second_image(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getmembers()[2].offset


def damaged_tar(folder, damage):
    path = folder / "test-000000.tar"
    path.write_bytes(damage(path.read_bytes()))
    return path.name


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:700],
        lambda data: data[:1024],
        lambda data: data[: second_image(data)],
        lambda data: b"x" * len(data),
        lambda data: data.replace(b".json", b".jxon", 1),
        lambda data: data.replace(b'"labels"', b'"lebels"', 1),
    ],
    ids=["empty", "cut", "cut after a header", "cut between members", "no tar", "no words", "no labels"],
)
def test_a_damaged_shard_is_named(index, tmp_path, damage):
    name = damaged_tar(tmp_path / "shards", damage)
    with pytest.raises(DataError, match=name):
        measured(tmp_path / "shards")


def test_a_wrong_number_of_images_is_said(index, tmp_path):
    file = tmp_path / "shards" / INDEX
    file.write_text(file.read_text().replace('"images": 5', '"images": 6'))
    with pytest.raises(DataError, match="6 images, but there are 5 images"):
        measured(tmp_path / "shards")


def test_a_label_that_the_index_does_not_list_is_named(index, tmp_path):
    file = tmp_path / "shards" / INDEX
    values = json.loads(file.read_text())
    file.write_text(json.dumps({**values, "classes": ["cat"]}))
    with pytest.raises(DataError, match=r"has the labels dog.*shards\.json"):
        measured(tmp_path / "shards")
