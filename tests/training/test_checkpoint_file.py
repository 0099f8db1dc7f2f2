"""A checkpoint is written whole, and one that cannot be gone on from is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from weldon.errors import DataError
from weldon.training.checkpoint_file import (
    WAY_OUT,
    CheckpointFile,
    read_checkpoint,
    refuse_other_classes,
    refuse_other_network,
)


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "last.ckpt"
    stored = {"epoch": 3, "state_dict": {"net.weight": torch.arange(4.0)}, "classes": ["cat", "dog"]}
    CheckpointFile().save_checkpoint(stored, path)
    return path


def test_what_is_written_is_read_back_and_nothing_lies_beside_it(path):
    stored = CheckpointFile().load_checkpoint(path)
    assert stored["epoch"] == 3
    assert stored["state_dict"]["net.weight"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


def test_a_state_that_cannot_be_written_leaves_the_one_before(path):
    before = path.read_bytes()
    with pytest.raises((AttributeError, TypeError, ValueError, RuntimeError)):
        CheckpointFile().save_checkpoint({"state_dict": lambda: None}, path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("kept", [0, 10, -1])
def test_a_file_that_is_cut_off_is_refused_with_the_way_out(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=rf"last\.ckpt is damaged .*{WAY_OUT}"):
        read_checkpoint(path)


def test_one_changed_byte_of_a_weight_is_noticed(path):
    content = path.read_bytes()
    weight = torch.arange(4.0).numpy().tobytes()
    assert content.count(weight) == 1
    path.write_bytes(content.replace(weight, b"\x01" + weight[1:]))
    with pytest.raises(DataError, match="does not match its checksum"):
        read_checkpoint(path)


def test_a_file_that_would_run_code_is_refused(path):
    torch.save({"state_dict": {}, "run": print}, path)
    with pytest.raises(DataError, match="is damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}])
def test_another_file_of_torch_holds_no_state_of_a_run(path, content):
    torch.save(content, path)
    with pytest.raises(DataError, match="it holds no state of a run"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("state", "odd"),
    [
        ({"net.weight": torch.zeros(2, 3)}, "net.bias"),
        ({"net.weight": torch.zeros(3, 2), "net.bias": torch.zeros(2)}, "net.weight"),
        (
            {"net.weight": torch.zeros(2, 3), "net.bias": torch.zeros(2), "net.more": torch.zeros(1)},
            "net.more",
        ),
    ],
)
def test_weights_of_another_network_are_refused_by_name(path, state, odd):
    with pytest.raises(DataError, match=f"it is of another network, {odd} does not fit"):
        refuse_other_network(path, {"state_dict": state}, nn.Linear(3, 2))


def test_weights_that_fit_are_taken_whatever_lies_beside_them(path):
    net = nn.Linear(3, 2)
    state = {f"net.{name}": value for name, value in net.state_dict().items()}
    refuse_other_network(path, {"state_dict": {**state, "objective.memory": torch.zeros(9)}}, net)


def test_classes_in_another_order_are_refused_and_no_classes_are_borne(path):
    stored = read_checkpoint(path)
    refuse_other_classes(path, stored, ("cat", "dog"), Path("classes.txt"))
    refuse_other_classes(path, {}, ("dog", "cat"), Path("classes.txt"))
    with pytest.raises(DataError, match=r"classes\.txt names the classes dog, cat, .* those of cat, dog, in"):
        refuse_other_classes(path, stored, ("dog", "cat"), Path("classes.txt"))
