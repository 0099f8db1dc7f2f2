"""Cached maps come out with the labels of their own images, whatever the order of the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from weldon.data import Record
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset, keep_batch

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
    assert batch["features"].dtype == torch.float32
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
