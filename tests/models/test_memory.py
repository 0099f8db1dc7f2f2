"""Large blocks that were freed are taken again without asking the system."""

import os
import platform
import subprocess
import sys

import pytest

COUNT_FAULTS = """
import resource, sys, torch
from weldon.models.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(2):  # 64 MiB each, freed at once
    torch.ones(1 << 24)
start = faults()
for _ in range(5):
    torch.ones(1 << 24)
print(faults() - start)
"""


def faults(word):
    command = [sys.executable, "-c", COUNT_FAULTS, word]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told anything")
def test_freed_memory_is_used_again_without_page_faults():
    assert faults("keep") < 0.1 * faults("leave")
