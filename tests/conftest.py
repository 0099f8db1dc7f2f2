"""Fixtures every test may ask for; tests of the real photographs skip, with the reason, without them."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
import torch

if not torch.cuda.is_available():
    os.environ.setdefault(
        "TRITON_INTERPRET", "1"
    )  # read when triton is first imported: kernels run on the CPU

pytest_plugins = ["fixtures.browser", "fixtures.small_runs", "fixtures.small_scenes"]

SHARED = Path(__file__).resolve().parents[2] / "shared"
DATA = Path(os.environ.get("WELDON_DATA", SHARED / "data"))
WEIGHTS = Path(os.environ.get("WELDON_WEIGHTS", SHARED / "weights"))


def pytest_configure() -> None:
    """Take Ctrl-C again where whoever started the tests in the background had it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, nor ever among modules and tests: they stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(autouse=True)
def seeded():
    """Start every test from the same random state."""
    torch.manual_seed(0)


@pytest.fixture
def generator() -> torch.Generator:
    """A seeded source of random numbers."""
    return torch.Generator().manual_seed(0)


def _present(path: Path, variable: str) -> Path:
    if not path.exists():
        pytest.skip(f"{path.name} is not here: set {variable} to the folder that holds it")
    return path


@pytest.fixture(scope="session")
def voc_animals() -> Path:
    """The VOC 2012 animal photographs, in the devkit's layout."""
    return _present(DATA / "voc2012-animals", "WELDON_DATA")


@pytest.fixture(scope="session")
def steel() -> Path:
    """The steel defect photographs, with a CSV of labels."""
    return _present(DATA / "steel-defects", "WELDON_DATA")


@pytest.fixture(scope="session")
def mobilenet_weights() -> Path:
    """A real ImageNet backbone, with its description beside it."""
    return _present(WEIGHTS / "mobilenetv2_100_tf_in1k.safetensors", "WELDON_WEIGHTS")
