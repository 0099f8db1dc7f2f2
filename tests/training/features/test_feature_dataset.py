"""Cached maps come out with the labels of their own images, whatever the order of the cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from weldon.data import Record
from weldon.training.features import feature_dataset
from weldon.training.features.feature_dataset import (
    CachedFeatures,
    FeatureDataset,
    ask_for_rows,
    keep_batch,
)

CLASSES = ("cat", "dog")


@pytest.fixture
def dataset() -> FeatureDataset:
    """Three images of 1 x 2 cells and 3 features; the first and the last are one file and share a map."""
    records = [
        Record(Path("a"), "a", frozenset({"cat"}), weight=2.0),
        Record(Path("b"), "b", frozenset({"dog"}), frozenset({"cat"})),
        Record(Path("c"), "c", frozenset()),
    ]
    maps = np.arange(12, dtype=np.float16).reshape(2, 1, 2, 3)
    masks = np.array([[[True, False]], [[True, True]]])
    cached = CachedFeatures(maps, masks, {Path("a"): 1, Path("b"): 0, Path("c"): 1})
    return FeatureDataset(records, CLASSES, cached)


def test_a_batch_holds_features_first_and_masks_of_the_images_asked_for(dataset):
    batch = dataset.__getitems__([1, 0])
    assert batch["features"].dtype == torch.float16  # as they are stored
    assert batch["features"].shape == (2, 3, 1, 2)
    assert batch["features"][0, :, 0, 0].tolist() == [0.0, 1.0, 2.0]
    assert batch["features"][1, :, 0, 1].tolist() == [9.0, 10.0, 11.0]
    assert batch["mask"].tolist() == [[[True, False]], [[True, True]]]


def test_labels_weights_and_numbers_are_those_of_the_same_images(dataset):
    batch = keep_batch(dataset.__getitems__([2, 1, 0]))
    assert batch["target"].tolist() == [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    assert batch["known"].tolist() == [[True, True], [False, True], [True, True]]
    assert batch["weight"].tolist() == [1.0, 1.0, 2.0]
    assert batch["index"].tolist() == [2, 1, 0]


def test_images_of_one_file_share_a_map(dataset):
    assert len(dataset) == 3
    first, last = dataset[0], dataset[2]
    assert torch.equal(first["features"], last["features"])
    assert first["target"].tolist() != last["target"].tolist()


def test_an_image_without_a_map_is_refused(dataset):
    with pytest.raises(KeyError):
        FeatureDataset([Record(Path("d"), "d", frozenset())], CLASSES, dataset.cached)


@pytest.fixture
def of_their_own_sizes() -> FeatureDataset:
    """A map of 1 x 2 cells and one of 2 x 3, in rows of four cells: the second fills two of them."""
    maps = np.zeros((3, 1, 4, 2), np.float16)
    maps[0, 0, :2] = 1 + np.arange(4).reshape(2, 2)
    maps[1:].reshape(8, 2)[:6] = 10 + np.arange(12).reshape(6, 2)
    masks = np.array([[[True, True, False, False]], [[True] * 4], [[True, True, False, False]]])
    rows = {Path("a"): 0, Path("b"): 1}
    cached = CachedFeatures(maps, masks, rows, grids={0: (1, 2), 1: (2, 3)})
    return FeatureDataset([Record(Path(n), n, frozenset({"cat"})) for n in "ab"], CLASSES, cached)


def test_maps_of_different_sizes_come_as_bags_of_cells(of_their_own_sizes):
    batch = of_their_own_sizes.__getitems__([0, 1])
    assert batch["features"].shape == (2, 2, 6, 1)
    assert batch["mask"][..., 0].tolist() == [[True] * 2 + [False] * 4, [True] * 6]
    assert batch["features"][0, :, :2, 0].tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert batch["features"][1, 0, :, 0].tolist() == [10.0, 12.0, 14.0, 16.0, 18.0, 20.0]


def test_maps_of_one_size_keep_their_grid(of_their_own_sizes):
    for batch in (of_their_own_sizes.__getitems__([1]), of_their_own_sizes.__getitems__([1, 1])):
        assert batch["features"].shape[1:] == (2, 2, 3)
        assert batch["features"][0, 1].tolist() == [[11.0, 13.0, 15.0], [17.0, 19.0, 21.0]]
        assert batch["mask"].all()


def test_the_cells_of_one_image_are_its_real_ones(of_their_own_sizes, dataset):
    assert of_their_own_sizes.cached.cells(1).tolist() == (10 + np.arange(12).reshape(6, 2)).tolist()
    assert dataset.cached.cells(0).tolist() == [[0.0, 1.0, 2.0]]


def test_as_many_images_are_scored_at_once_as_fit(of_their_own_sizes, dataset, monkeypatch):
    monkeypatch.setattr("weldon.training.features.feature_dataset.MOST_NUMBERS", 30)
    assert of_their_own_sizes.cached.at_once == 2  # 2 x 3 cells of 2 numbers are the largest
    assert dataset.cached.at_once == 5
    monkeypatch.setattr("weldon.training.features.feature_dataset.MOST_NUMBERS", 3)
    assert dataset.cached.at_once == 1


def test_rows_of_a_file_are_asked_for_before_they_are_read(dataset, tmp_path, monkeypatch):
    np.save(tmp_path / "maps.npy", dataset.cached.maps)
    mapped = np.load(tmp_path / "maps.npy", mmap_mode="r")
    asked = []
    monkeypatch.setattr(feature_dataset, "ask_for_rows", lambda maps, rows: asked.append(rows.tolist()))
    of_file = FeatureDataset(dataset.records, CLASSES, replace(dataset.cached, maps=mapped))
    batch = of_file.__getitems__([1, 0])
    assert asked == [[0, 1]]
    assert torch.equal(batch["features"], dataset.__getitems__([1, 0])["features"])


@pytest.mark.parametrize("row", [0, 9999])
def test_asking_for_rows_reaches_neither_before_nor_behind_the_file(tmp_path, row):
    np.save(tmp_path / "maps.npy", np.zeros((10_000, 1, 2, 3), np.float16))
    ask_for_rows(np.load(tmp_path / "maps.npy", mmap_mode="r"), np.array([row]))
    ask_for_rows(np.zeros((2, 1, 2, 3), np.float16), np.array([row]))  # in memory: nothing to do
