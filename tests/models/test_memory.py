"""Large blocks that were freed are taken again without asking the system."""

import os
import platform
import statistics
import subprocess
import sys

import pytest

COUNT_FAULTS = """
import resource, sys, torch
from weldon.models.memory import keep_freed_memory
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
