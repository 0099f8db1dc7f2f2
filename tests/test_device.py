"""One rule says where to compute, in every verb."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys

import pytest
import torch

from weldon import device
from weldon.device import check_device_name, choose_device, devices_here
from weldon.errors import UsageError

CARD = pytest.mark.skipif(
    torch.cuda.is_available(), reason="this machine has the device that must be missing"
)


@pytest.mark.parametrize("name", ["tpu9", "", "meta", "cuda:", "cuda:x", "CPU", "cpu:0", "cuda:9999", "gpu"])
def test_a_name_that_means_nothing_is_refused_with_the_choices(name):
    with pytest.raises(UsageError, match=rf"device must be auto, cpu, cuda, cuda:N or mps, got '{name}'"):
        choose_device(name)


@CARD
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(name):
    assert check_device_name(name) == name
    if name in devices_here():
        pytest.skip("it is here")
    with pytest.raises(UsageError, match=rf"device must be on this machine, which has .*cpu, got '{name}'"):
        choose_device(name)


@pytest.mark.parametrize(
    ("here", "chosen"), [(["cuda", "cuda:0", "cpu"], "cuda"), (["mps", "cpu"], "mps"), (["cpu"], "cpu")]
)
def test_auto_is_an_accelerator_where_there_is_one(monkeypatch, here, chosen):
    monkeypatch.setattr(device, "devices_here", lambda: here)
    assert choose_device("auto") == chosen
    assert choose_device("cpu") == "cpu"


def test_cards_are_listed_by_number(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices_here()[:3] == ["cuda", "cuda:0", "cuda:1"]
    assert choose_device("cuda:1") == "cuda:1"


COUNT_FAULTS = """
import resource, sys, torch
from weldon.device import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(21):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(1 << 24)  # 64 MiB, freed at once
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def usual_faults(word):
    command = [sys.executable, "-c", COUNT_FAULTS, word]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return statistics.median(map(int, ran.stdout.split()))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told anything")
def test_freed_memory_is_used_again_without_page_faults():
    assert usual_faults("keep") < 0.1 * usual_faults("leave")


def test_several_tensors_come_by_one_copy(monkeypatch):
    """A device is waited for once: what a network says of a batch is packed there and taken apart here."""
    parts = (torch.randn(2, 3), torch.randn(2, 3, 4, 4).half(), torch.zeros(0, 5))
    monkeypatch.setattr(device, "_is_here", lambda part: False)
    copies = []
    copy = torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, "cpu", lambda part: copies.append(part.shape) or copy(part))
    for come, part in zip(device.to_processor(*parts), parts, strict=True):
        assert torch.equal(come, part.float())
    assert copies == [(2 * 3 + 2 * 3 * 16,)]


def test_cores_are_shared_among_processes_and_one_is_the_least(monkeypatch):
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda _: set(range(12)), raising=False)
    assert [device.reader_count("auto", processes=count) for count in (1, 5, 13)] == [12, 2, 1]
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda _: set(range(96)), raising=False)
    assert device.reader_count("auto") == device.MOST_READERS
    assert device.reader_count(0) == 0


@pytest.mark.parametrize(("before", "wanted", "inside"), [(4, True, 3), (1, True, 1), (4, False, 4)])
def test_a_core_is_left_to_what_reads_beside_and_taken_back(before, wanted, inside):
    own = torch.get_num_threads()
    torch.set_num_threads(before)
    try:
        with device.leaving_a_core(wanted=wanted):
            assert torch.get_num_threads() == inside
        assert torch.get_num_threads() == before
    finally:
        torch.set_num_threads(own)
