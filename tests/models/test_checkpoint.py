"""A network in one file, and back."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from weldon.errors import UsageError, WeightsError
from weldon.models import create_model, load_model, save_model
from weldon.models.checkpoint import tensors_checksum
from weldon.models.weights import METADATA_KEY
from weldon.pooling import MaxPool


@pytest.fixture
def saved(tmp_path):
    net = create_model("test_resnet", 2, weights="none")
    save_model(net, tmp_path / "a.safetensors")
    return net, tmp_path / "a.safetensors"


def test_the_same_network_is_the_same_file_in_every_process(saved):
    _, path = saved
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert list(header["__metadata__"]) == sorted(header["__metadata__"])
    assert int.from_bytes(content[:8], "little") % 8 == 0


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


NETS = [
    {"name": "test_resnet", "pool": "weldon", "k_max": 0.3, "k_min": 2},
    {"name": "test_resnet", "pool": "weldon", "k_max": "all"},
    {
        "name": "test_vit",
        "pool": "generalised",
        "beta_max": 2.0,
        "beta_min": -1.0,
        "model_kwargs": {"depth": 1},
    },
    {"name": "test_efficientnet", "pool": "wildcat", "maps_per_class": 2, "mean": (0.1, 0.2, 0.3)},
]


@pytest.mark.parametrize("options", NETS, ids=lambda options: f"{options['name']}-{options['pool']}")
def test_loaded_network_answers_bit_for_bit(tmp_path, options, generator):
    net = create_model(num_classes=3, weights="none", **options)
    net(torch.randn(4, 3, 64, 64, generator=generator))  # moves the statistics of BatchNorm
    save_model(net, tmp_path / "weights" / "best.safetensors")
    back = load_model(tmp_path / "weights" / "best.safetensors")
    assert back.config == net.config
    assert (back.backbone.mean, back.backbone.std) == (net.backbone.mean, net.backbone.std)
    assert not back.training
    x = torch.randn(2, 3, 64, 64, generator=generator)
    with torch.no_grad():
        for given, expected in zip(back(x, return_maps=True), net.eval()(x, return_maps=True), strict=True):
            assert torch.equal(given, expected)


def test_file_says_what_it_is(tmp_path):
    net = create_model("test_resnet", 3, weights="none", k_max=0.3)
    save_model(net, tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", framework="pt") as file:
        config = json.loads(file.metadata()["weldon"])
    assert config["name"] == "test_resnet"
    assert config["pool_options"] == {"k_max": 0.3, "k_min": 0.3}


def test_saving_leaves_no_other_file_and_replaces_the_old_one(tmp_path):
    for classes in (2, 3):
        save_model(create_model("test_resnet", classes, weights="none"), tmp_path / "a.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]
    assert load_model(tmp_path / "a.safetensors").num_classes == 3


def test_network_with_a_pooling_of_ones_own_cannot_be_saved(tmp_path):
    net = create_model("test_resnet", 2, weights="none", pool=MaxPool())
    with pytest.raises(UsageError, match="`pool` given by name"):
        save_model(net, tmp_path / "a.safetensors")


def test_file_of_another_program_is_refused(tmp_path):
    save_file({"fc.weight": torch.zeros(2, 2)}, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="is not a model that weldon saved"):
        load_model(tmp_path / "a.safetensors")


def test_absent_file_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="which is no file"):
        load_model(tmp_path / "a.safetensors")


def test_description_without_what_is_needed_is_refused(tmp_path):
    save_file(
        {"x": torch.zeros(1)}, tmp_path / "a.safetensors", metadata={"weldon": '{"name": "test_resnet"}'}
    )
    with pytest.raises(WeightsError, match="no network this version of weldon can build"):
        load_model(tmp_path / "a.safetensors")


def test_description_that_does_not_fit_the_weights_is_refused(tmp_path):
    net = create_model("test_resnet", 3, weights="none")
    net.config["num_classes"] = 4
    save_model(net, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="does not fit its own description"):
        load_model(tmp_path / "a.safetensors")


@pytest.mark.parametrize("stored", ["[]", "{", "[" * 99999, '"text"', '{"num_classes": ' + "9" * 5000 + "}"])
def test_metadata_that_is_no_object_is_refused(tmp_path, stored):
    save_file({"transfer.weight": torch.zeros(1, 1)}, tmp_path / "a.safetensors", metadata={"weldon": stored})
    with pytest.raises(WeightsError, match=r"the metadata of .*a\.safetensors"):
        load_model(tmp_path / "a.safetensors")


@pytest.mark.parametrize("classes", [10**9, 0, -1, True, "3", None])
def test_room_is_made_only_for_as_many_classes_as_there_are(tmp_path, classes):
    net = create_model("test_resnet", 3, weights="none")
    net.config["num_classes"] = classes
    save_model(net, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match=r"a\.safetensors"):
        load_model(tmp_path / "a.safetensors")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    net = create_model("test_resnet", 3, weights="none")
    net.transfer.weight.data[0, 0] = value
    save_model(net, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match=r"no finite numbers in transfer\.weight"):
        load_model(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "change", [lambda b: b[:-9], lambda b: b[:40], lambda b: b"", lambda b: b"\xff" * 8 + b[8:]]
)
def test_a_file_that_is_cut_or_overwritten_is_refused(tmp_path, change):
    path = tmp_path / "a.safetensors"
    save_model(create_model("test_resnet", 3, weights="none"), path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(WeightsError, match=r"a\.safetensors"):
        load_model(path)
