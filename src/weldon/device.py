"""Choose where to compute, by one rule for ``--device`` in every verb."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from weldon.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

FEW_NUMBERS = 2_000_000  # 50 images of 100 cells and 384 features

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


def threads_for(numbers: int) -> contextlib.AbstractContextManager[None]:
    """Compute with one thread where a step touches few numbers, and with as many as before afterwards.

    Threads that share so little wait for one another by spinning: on a busy machine with two cores nine
    heads on 94 images took ten times the processor time with two threads.

    Args:
        numbers: that one step reads.
    """
    return _threads(lambda before: 1 if numbers < FEW_NUMBERS else before)


def leaving_a_core(*, wanted: bool = True) -> contextlib.AbstractContextManager[None]:
    """Compute with one thread less, at least one, where a thread beside them reads all the while.

    On two cores an epoch of a frozen head took half as long again with two threads as with one.

    Args:
        wanted: whether something is read beside.
    """
    return _threads(lambda before: max(1, before - 1) if wanted else before)


@contextlib.contextmanager
def _threads(count: Callable[[int], int]) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count(before))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def to_processor(*parts: Tensor) -> tuple[Tensor, ...]:
    """Return tensors on the processor in 32-bit floats, by one copy: a device is waited for once.

    Example:
        >>> import torch
        >>> to_processor(torch.ones(1, 2).double(), torch.zeros(1))
        (tensor([[1., 1.]]), tensor([0.]))
    """
    import torch

    wide = [part.float() for part in parts]
    if all(_is_here(part) for part in parts):
        return tuple(wide)
    copied = torch.cat([part.flatten() for part in wide]).cpu()
    pieces = torch.split(copied, [part.numel() for part in parts])
    return tuple(piece.view(part.shape) for piece, part in zip(pieces, parts, strict=True))


def _is_here(part: Tensor) -> bool:
    return part.device.type == "cpu"


MOST_READERS = 16  # processes or threads; more wait for the disk or for each other
IMAGES_A_PASS = {"cpu": 8}  # a processor gains nothing from more
MORE_IMAGES_A_PASS = 64


def reader_count(asked: int | Literal["auto"], *, processes: int = 1) -> int:
    """Return how many processes or threads read images: as many as asked, or one for each core.

    Args:
        asked: that number, or ``auto``.
        processes: training side by side on this machine; each has a share of the cores.

    Example:
        >>> reader_count(3)
        3
    """
    if asked != "auto":
        return asked
    affinity = getattr(os, "sched_getaffinity", None)  # Linux: the cores that this process may use
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(MOST_READERS, cores // processes))


def images_a_pass(asked: int | Literal["auto"], device: str) -> int:
    """Return how many images a forward pass takes: as many as asked, or what suits the kind of device.

    Example:
        >>> images_a_pass("auto", "cpu"), images_a_pass("auto", "cuda:1"), images_a_pass(5, "cpu")
        (8, 64, 5)
    """
    return IMAGES_A_PASS.get(device, MORE_IMAGES_A_PASS) if asked == "auto" else asked


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
