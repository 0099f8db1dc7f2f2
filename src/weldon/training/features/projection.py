"""Cached maps on fewer directions, so that many heads can be tried on them in a fraction of the time."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from weldon.models import RegionNet
from weldon.training.features.feature_dataset import FeatureDataset

SAMPLE = 256  # images whose cells say which directions are strong
CHUNK = 32  # images that are projected at once


def strongest_directions(dataset: FeatureDataset, images: Sequence[int], count: int) -> Tensor:
    """Return the orthonormal directions in which the features of real cells are largest, ``(F, count)``.

    They are not centred: what is kept of a feature vector's length is what a linear head can use of it.

    Args:
        dataset: cached maps.
        images: positions in it, of which a sample is read.
        count: D, at most F.
    """
    features = dataset.cached.maps.shape[-1]
    products = torch.zeros(features, features, dtype=torch.float64)
    for index in images[:: -(-len(images) // SAMPLE)]:
        batch = dataset[index]
        cells = batch["features"].permute(0, 2, 3, 1)[batch["mask"]].float()
        products += (cells.T @ cells).double()
    vectors: Tensor = torch.linalg.eigh(products).eigenvectors
    return vectors[:, -count:].float()


def projected(dataset: FeatureDataset, images: Sequence[int], directions: Tensor) -> FeatureDataset:
    """Return the dataset with maps on ``directions`` ``(F, D)``, in memory; other images have none.

    Args:
        dataset: cached maps of one size.
        images: positions in ``dataset``; they stay what they are.
        directions: orthonormal columns.
    """
    rows = dataset.rows[list(images)]
    maps = np.empty((len(rows), *dataset.cached.maps.shape[1:3], directions.shape[1]), np.float16)
    for start in range(0, len(rows), CHUNK):
        whole = torch.from_numpy(dataset.cached.maps[rows[start : start + CHUNK]]).float()
        maps[start : start + CHUNK] = (whole @ directions).half().numpy()
    narrow = copy.copy(dataset)
    narrow.cached = replace(dataset.cached, maps=maps, masks=dataset.cached.masks[rows])
    narrow.rows = np.full(len(dataset), -1)
    narrow.rows[list(images)] = np.arange(len(rows))
    return narrow


def projected_net(net: RegionNet, directions: Tensor) -> RegionNet:
    """Return transfer layer and pooling as they stand, for features on ``directions``."""
    narrow = RegionNet(directions.shape[1], copy.deepcopy(net.pool), net.num_classes, config=net.config)
    state = net.transfer.state_dict()
    weight = state["weight"][:, :, 0, 0].cpu() @ directions
    narrow.transfer.load_state_dict({"weight": weight[:, :, None, None], "bias": state["bias"]})
    return narrow
