"""Weights that were changed are refused by name; a file of an earlier version, without checksum, is read."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from weldon.errors import WeightsError
from weldon.models import create_model, load_model, save_model
from weldon.models.checksum import tensors_checksum
from weldon.models.weights import METADATA_KEY


@pytest.fixture
def saved(tmp_path):
    net = create_model("test_resnet", 2, weights="none")
    save_model(net, tmp_path / "a.safetensors")
    return net, tmp_path / "a.safetensors"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.999])
def test_one_changed_byte_of_the_weights_is_found(saved, share):
    _, path = saved
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.safetensors is damaged"):
        load_model(path)


def test_a_half_of_zeros_is_found(saved):
    _, path = saved
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    with pytest.raises(WeightsError, match="is damaged"):
        load_model(path)


def test_another_description_of_the_same_weights_is_found(saved):
    net, path = saved
    other = {**net.config, "interpolation": "nearest"}
    metadata = {METADATA_KEY: json.dumps(other), "sha256": tensors_checksum(net.state_dict(), "x")}
    save_file(load_file(path), path, metadata=metadata)
    with pytest.raises(WeightsError, match="is damaged"):
        load_model(path)


def test_a_file_without_checksum_is_read(saved):
    net, path = saved
    save_file(load_file(path), path, metadata={METADATA_KEY: json.dumps(net.config)})
    assert torch.equal(load_model(path).transfer.weight, net.transfer.weight)


def test_numbers_of_every_kind_are_told_apart():
    values = {"a": torch.tensor(3), "b": torch.ones(2, dtype=torch.bfloat16), "c": torch.empty(0)}
    assert tensors_checksum(values, "") != tensors_checksum({**values, "a": torch.tensor(3.0)}, "")
