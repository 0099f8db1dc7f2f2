"""Whether this machine has what a recipe asks for: device, processes, precision."""

from __future__ import annotations

import os
from typing import Any

from weldon.device import choose_device, devices_here
from weldon.errors import UsageError
from weldon.runs.recipe import Recipe

LEAST_PROCESSES = 2  # so that several processes can be tried on one core


def refuse_what_is_not_here(recipe: Recipe) -> None:
    """Refuse a device, or a number of them, that this machine does not have, before anything is written.

    Raises:
        UsageError: names the option, its value and what there is.
    """
    device = choose_device(recipe.device)
    kind, most = device.partition(":")[0], devices_at_most(device)
    if recipe.devices > most:
        thing = "processor cores" if kind == "cpu" else f"devices {device}"
        raise UsageError(f"devices must be at most {most}, the {thing} of this machine, got {recipe.devices}")
    if recipe.precision == "64-true" and kind == "mps":
        raise UsageError(f"precision must not be '64-true' on {kind}, which has no such numbers")
    if recipe.precision == "16-mixed" and kind == "cpu":
        raise UsageError("precision must be '32-true' or 'bf16-mixed' on cpu, got '16-mixed'")


def devices_at_most(device: str) -> int:
    """Return how many processes may share a run on ``device``: one each accelerator, or each core."""
    if device == "cpu":
        return max(LEAST_PROCESSES, os.cpu_count() or 1)
    return sum(name.startswith("cuda:") for name in devices_here()) if device == "cuda" else 1


def lightning_devices(recipe: Recipe) -> dict[str, Any]:
    """Return ``accelerator`` and ``devices`` for Lightning's trainer."""
    kind, _, number = choose_device(recipe.device).partition(":")
    return {"accelerator": kind, "devices": [int(number)] if number else recipe.devices}
