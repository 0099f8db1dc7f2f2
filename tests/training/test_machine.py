"""What a machine does not have is refused before anything is written."""

from __future__ import annotations

import pytest

from weldon import device
from weldon.errors import UsageError
from weldon.runs.recipe_file import build_recipe
from weldon.training.machine import lightning_devices, refuse_what_is_not_here


def recipe(**options):
    return build_recipe({"data": ".", **options})


@pytest.fixture
def two_cards(monkeypatch):
    for module in ("weldon.device", "weldon.training.machine"):
        monkeypatch.setattr(f"{module}.devices_here", lambda: ["cuda", "cuda:0", "cuda:1", "cpu"])
    return device


def test_more_processes_than_cores_are_refused():
    with pytest.raises(UsageError, match=r"devices must be at most \d+, the processor cores .* got 999"):
        refuse_what_is_not_here(recipe(device="cpu", devices=999))
    refuse_what_is_not_here(recipe(device="cpu", devices=2))


def test_more_devices_than_cards_are_refused(two_cards):
    refuse_what_is_not_here(recipe(devices=2))
    with pytest.raises(UsageError, match=r"devices must be at most 2, the devices cuda .* got 3"):
        refuse_what_is_not_here(recipe(devices=3))
    with pytest.raises(UsageError, match=r"devices must be at most 1, the devices cuda:1 .* got 2"):
        refuse_what_is_not_here(recipe(device="cuda:1", devices=2))


def test_numbers_that_the_processor_lacks_are_refused():
    with pytest.raises(UsageError, match="precision must be '32-true' or 'bf16-mixed' on cpu"):
        refuse_what_is_not_here(recipe(device="cpu", precision="16-mixed"))


def test_lightning_is_told_the_same_device(two_cards):
    assert lightning_devices(recipe()) == {"accelerator": "cuda", "devices": 1}
    assert lightning_devices(recipe(device="cuda:1")) == {"accelerator": "cuda", "devices": [1]}
    assert lightning_devices(recipe(device="cpu", devices=2)) == {"accelerator": "cpu", "devices": 2}
