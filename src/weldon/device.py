"""Choose where to compute, by one rule for ``--device`` in every verb."""

from __future__ import annotations

import ctypes
import platform
import re

from weldon.errors import UsageError

CHOICES = "auto, cpu, cuda, cuda:N or mps"
HELP = f"where to compute: {CHOICES}"
_NAME = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")


def check_device_name(device: str) -> str:
    """Return ``device`` if it is one of the names that mean something here, be it on this machine or not.

    Raises:
        UsageError: it is none.

    Example:
        >>> check_device_name("cuda:1")
        'cuda:1'
    """
    if not _NAME.fullmatch(device):
        raise UsageError(f"device must be {CHOICES}, got {device!r}")
    return device


def choose_device(device: str) -> str:
    """Return the device of that name; ``auto`` is CUDA, else Apple's MPS, else the processor.

    Raises:
        UsageError: no such name, or no such device on this machine; the message lists those that are here.
    """
    here = devices_here()
    if check_device_name(device) == "auto":
        return here[0]
    if device not in (*here, "cpu"):
        raise UsageError(f"device must be on this machine, which has {', '.join(here)}, got {device!r}")
    return device


def devices_here() -> list[str]:
    """Return the names of this machine's devices, the one that ``auto`` takes first."""
    import torch

    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    apple = ["mps"] if torch.backends.mps.is_available() else []
    return [*["cuda"][:cards], *(f"cuda:{number}" for number in range(cards)), *apple, "cpu"]


_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # M_TRIM_THRESHOLD and M_MMAP_MAX of <malloc.h>
_NEVER = 2**31 - 1  # bytes; the largest int


def keep_freed_memory() -> None:
    """Tell glibc to keep what is freed; other C libraries are left alone.

    By default it returns every large block to the system, which clears it page by page for the next layer:
    42 % of the time of a training step of MobileNetV2 on one core (3.1 of 7.4 s), 0.3 % with this. The
    process grows no larger than its peak was anyway.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, _NEVER)
