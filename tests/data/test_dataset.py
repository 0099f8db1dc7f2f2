"""Items, batches, unknown cells, and what happens when a file breaks under way."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from weldon.data.dataset import ImageDataset, collate, encode_targets
from weldon.data.record import LabelSet, Record, split_name
from weldon.data.transforms import EvalTransform, TrainTransform, normalised
from weldon.errors import DataError

CLASSES = ("cat", "dog")


def photographs(folder: Path, count: int) -> list[Record]:
    random = np.random.default_rng(2)
    records = []
    for number in range(count):
        path = folder / f"{number}.png"
        Image.fromarray(random.integers(0, 255, (20, 30, 3), dtype=np.uint8)).save(path)
        records.append(Record(path, path.name, frozenset({CLASSES[number % 2]}), weight=1.0 + number))
    return records


def test_item_holds_everything_the_loss_needs(tmp_path: Path):
    item = ImageDataset(photographs(tmp_path, 2), CLASSES, EvalTransform(32))[1]
    assert item["image"].shape == (3, 32, 32)
    assert item["mask"].dtype == torch.bool
    assert item["target"].tolist() == [0, 1]
    assert item["known"].tolist() == [True, True]
    assert (item["weight"], item["index"]) == (2.0, 1)
    assert item["size"].tolist() == [30, 20]


def test_unknown_is_not_absent():
    record = Record(Path("a"), "a", frozenset({"dog"}), unknown=frozenset({"cat"}))
    target, known = encode_targets([record], CLASSES)
    assert target.tolist() == [[0, 1]]
    assert known.tolist() == [[False, True]]


def test_a_label_outside_the_classes_names_its_file():
    records = [Record(Path("a"), "a.jpg", frozenset({"cow"})), Record(Path("b"), "b.jpg", frozenset({"hen"}))]
    with pytest.raises(DataError) as caught:
        encode_targets(records, CLASSES)
    assert caught.value.problems == ("a.jpg: 'cow'", "b.jpg: 'hen'")


def test_collate_stacks(tmp_path: Path):
    dataset = ImageDataset(photographs(tmp_path, 3), CLASSES, EvalTransform(32))
    batch = collate([dataset[2], dataset[0]])
    assert batch["image"].shape == (2, 3, 32, 32)
    assert batch["index"].tolist() == [2, 0]
    assert batch["weight"].tolist() == [3, 1]
    assert batch["size"].shape == (2, 2)
    assert batch["unreadable"] == []


def test_a_file_that_breaks_under_way_is_named_and_left_out(tmp_path: Path):
    dataset = ImageDataset(photographs(tmp_path, 3), CLASSES, EvalTransform(32))
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.warns(RuntimeWarning, match=r"1\.png: the file is empty"):
        batch = collate([dataset[0], dataset[1], dataset[2]])
    assert batch["index"].tolist() == [0, 2]
    assert len(batch["unreadable"]) == 1


def test_a_batch_of_broken_files_is_empty_and_keeps_its_shapes(tmp_path: Path):
    dataset = ImageDataset(photographs(tmp_path, 1), CLASSES, EvalTransform(32))
    (tmp_path / "0.png").unlink()
    with pytest.warns(RuntimeWarning, match="no such file"):
        batch = collate([dataset[0]])
    assert batch["image"].shape == (0, 3, 32, 32)
    assert batch["target"].shape == batch["known"].shape == (0, 2)


def test_pixels_depend_on_seed_epoch_and_index_alone(tmp_path: Path):
    records = photographs(tmp_path, 4)
    records[1] = Record(records[0].path, "again", records[0].labels)
    dataset = ImageDataset(records, CLASSES, TrainTransform(32), seed=5)
    first = dataset[0]["image"]
    torch.rand(100)  # the global state plays no part
    assert dataset[0]["image"].equal(first)
    assert not dataset[1]["image"].equal(first)
    dataset.set_epoch(1)
    assert not dataset[0]["image"].equal(first)
    dataset.set_epoch(0)
    assert ImageDataset(records, CLASSES, TrainTransform(32), seed=5)[0]["image"].equal(first)
    assert not ImageDataset(records, CLASSES, TrainTransform(32), seed=6)[0]["image"].equal(first)


def test_workers_that_stay_alive_see_the_epoch(tmp_path: Path):
    dataset = ImageDataset(photographs(tmp_path, 4), CLASSES, TrainTransform(32))
    loader = DataLoader(dataset, 2, num_workers=1, persistent_workers=True, collate_fn=collate)
    for epoch in (0, 1):
        dataset.set_epoch(epoch)
        found = torch.cat([batch["image"] for batch in loader])
        assert found.equal(torch.stack([dataset[index]["image"] for index in range(4)]))


def test_dataset_travels_to_other_processes(tmp_path: Path):
    dataset = ImageDataset(photographs(tmp_path, 1), CLASSES, TrainTransform(32))
    dataset.set_epoch(3)
    assert pickle.loads(pickle.dumps(dataset))[0]["image"].equal(dataset[0]["image"])


def test_splits_by_name():
    records = tuple(
        Record(Path(str(n)), str(n), frozenset(), split=s) for n, s in enumerate(["train", "val", None])
    )
    labels = LabelSet(records, CLASSES, "long")
    assert labels.of_split("val") == records[1:2]
    assert labels.of_split(None) == records[2:]
    assert labels.with_records(records[:1]).records == records[:1]
    assert [split_name(word) for word in ("TRAIN", "valid", "validation", "test", "extra")] == [
        "train",
        "val",
        "val",
        "test",
        None,
    ]


def test_bytes_come_as_one_batch_in_the_layout_of_convolutions(tmp_path: Path):
    records = photographs(tmp_path, 3)
    given = ImageDataset(records, CLASSES, EvalTransform(32), as_bytes=True)
    floats = collate([ImageDataset(records, CLASSES, EvalTransform(32))[index] for index in range(3)])
    batch = collate([given[index] for index in range(3)])
    assert batch["image"].dtype == torch.uint8
    assert batch["image"].is_contiguous(memory_format=torch.channels_last)
    transform = given.transform
    pixels = normalised(batch["image"], transform.mean, transform.std, batch["mask"])
    assert torch.equal(pixels, floats["image"])
