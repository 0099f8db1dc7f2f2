"""Bags become padded batches, and their moments are those of all instances."""

from __future__ import annotations

import numpy as np
import torch

from fixtures.bags_on_disk import write_bags
from weldon.data import Record
from weldon.structured import open_bags
from weldon.training.inputs.bag_dataset import LabelledBags, instance_moments


def records_of(bags):
    return [
        Record(path, bags.name(path), frozenset({"3"} if row % 2 else ()))
        for row, path in enumerate(bags.paths)
    ]


def test_a_batch_holds_each_bag_and_masks_its_padding(tmp_path):
    written = write_bags(tmp_path, count=6)
    bags = open_bags(written.folder)
    batch = LabelledBags(records_of(bags), ["3"], bags).__getitems__([4, 1])
    for row, number in enumerate((4, 1)):
        values = bags.read(bags.paths[number])
        np.testing.assert_array_equal(batch["bag"][row].T[batch["mask"][row]], values)
        assert not batch["bag"][row].T[~batch["mask"][row]].any()
    assert batch["target"].flatten().tolist() == [0.0, 1.0]
    assert batch["index"].tolist() == [4, 1]


def test_moments_are_those_of_all_instances_at_once(tmp_path):
    written = write_bags(tmp_path, count=6)
    bags = open_bags(written.table)
    mean, std = instance_moments(records_of(bags), bags)
    stacked = torch.from_numpy(np.concatenate(list(written.bags.values()))).double()
    torch.testing.assert_close(mean.double(), stacked.mean(0), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(std.double(), stacked.std(0, correction=0), rtol=1e-6, atol=1e-6)


def test_moments_survive_a_large_offset(tmp_path):
    values = np.array([[1e6], [1e6 + 1], [1e6 + 2]], np.float32)
    for name, part in (("a", values[:1]), ("b", values[1:])):
        np.save(tmp_path / f"{name}.npy", part)
    bags = open_bags(tmp_path)
    assert instance_moments(records_of(bags), bags)[1].item() == np.float32(np.sqrt(2 / 3))
