"""Shards give back what was put in, to one process or to many."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter

import pytest
import torch

from weldon.data.dataset import ImageDataset
from weldon.data.record import LabelSet, Record
from weldon.data.shards import INDEX, read_index, write_shards
from weldon.data.transforms import EvalTransform, TrainTransform
from weldon.errors import DataError, UsageError

CLASSES = ("cat", "dog")
pytest.importorskip("webdataset", reason="the extra `shards` is not installed")
from weldon.data.shards.stream import ShardImages, shard_loader  # noqa: E402


@pytest.fixture
def label_set(photograph) -> LabelSet:
    """Twenty images to train on and five to measure, one of unknown dogs."""
    records = []
    for number in range(25):
        name = f"deep/{number}.{'png' if number % 2 else 'jpg'}"
        unknown = frozenset({"dog"} if number == 3 else ())
        labels = frozenset({CLASSES[number % 2]}) - unknown
        split = "train" if number < 20 else "test"
        records.append(
            Record(photograph(name, size=(20, 14)), name, labels, unknown, split, weight=1 + number / 10)
        )
    return LabelSet(tuple(records), CLASSES, "table")


@pytest.fixture
def index(label_set, tmp_path):
    return write_shards(label_set, tmp_path / "shards", shard_bytes=4000)


def test_shards_are_tars_of_images_beside_their_labels(label_set, index, tmp_path):
    assert index.splits["train"][0] == 20
    assert len(index.splits["train"][1]) > 3
    with tarfile.open(tmp_path / "shards" / "train-000000.tar") as tar:
        names = tar.getnames()
        told = json.loads(tar.extractfile("000000000.json").read())
        image = tar.extractfile(names[0]).read()
    assert names[0].startswith("000000000.")
    source = next(record for record in label_set.records if record.file_name == told["file_name"])
    assert image == source.path.read_bytes()
    assert told["labels"] == sorted(source.labels)


def test_the_index_is_read_back(index, tmp_path):
    assert read_index(tmp_path / "shards") == index
    elsewhere = read_index(tmp_path / "shards" / INDEX, folder="https://example.org/s")
    assert elsewhere.shards("test")[0] == "https://example.org/s/test-000000.tar"


def test_the_same_seed_writes_the_same_bytes(label_set, index, tmp_path):
    write_shards(label_set, tmp_path / "again", shard_bytes=4000)
    for name in index.splits["train"][1]:
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "shards" / name).read_bytes()


def test_shards_are_not_overwritten(label_set, index, tmp_path):
    with pytest.raises(DataError, match="holds shards already"):
        write_shards(label_set, tmp_path / "shards")


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


def test_an_unknown_split_lists_the_choices(index):
    with pytest.raises(UsageError, match="`split` must be one of train, test, got 'val'"):
        ShardImages(index, "val", EvalTransform(16), shuffle=False)


def test_an_index_that_is_none_is_named(tmp_path):
    (tmp_path / INDEX).write_text('{"classes": []}')
    with pytest.raises(DataError, match="is no index of shards"):
        read_index(tmp_path)


@pytest.mark.parametrize("name", ["'; touch evil; '.tar", "../x.tar", "pipe:touch evil", "a/b.tar", "", 7])
def test_an_index_that_names_anything_but_a_shard_is_refused(index, tmp_path, name):
    content = json.loads((tmp_path / "shards" / INDEX).read_text())
    content["splits"]["train"]["shards"][0] = name
    (tmp_path / "shards" / INDEX).write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"shards\.json is no index of shards"):
        read_index(tmp_path / "shards", folder="https://example.org/s")


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


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values["splits"].pop("test"),
        lambda values: values["splits"]["test"].update(shards=[""]),
        lambda values: values["splits"]["test"].update(shards=["none.tar"]),
        lambda values: values["splits"]["test"].update(shards="test-000000.tar"),
        lambda values: values["splits"]["test"].update(images="5"),
        lambda values: values["splits"]["test"].update(images=True),
        lambda values: values["splits"]["test"].update(images=-1),
        lambda values: values["splits"]["test"]["shards"].append("test-000000.tar"),
        lambda values: values.update(classes="cat"),
        lambda values: values.update(classes=["cat", "cat"]),
        lambda values: values.update(classes=["cat", None]),
    ],
)
def test_an_index_that_does_not_fit_its_shards_is_refused_by_name(index, tmp_path, change):
    file = tmp_path / "shards" / INDEX
    values = json.loads(file.read_text())
    change(values)
    file.write_text(json.dumps(values))
    with pytest.raises(DataError, match=INDEX):
        read_index(tmp_path / "shards")


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
