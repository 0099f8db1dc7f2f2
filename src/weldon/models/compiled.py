"""Compile the pass of a backbone with ``torch.compile``: minutes at the start, less time for every batch."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from weldon.errors import UsageError

if TYPE_CHECKING:
    from weldon.models.backbone import Backbone

BACKEND = "inductor"  # what writes the code
COMPILERS = ("c++", "g++", "clang++", "cl")

Maps = Callable[["Backbone", Tensor], Tensor]


def refuse_without_compiler(device: torch.device) -> None:
    """Refuse to compile where nothing turns the code that is written into a program.

    Raises:
        UsageError: says what to install.
    """
    if device.type == "cuda":
        lacking = None if importlib.util.find_spec("triton") else "triton, which comes with torch for CUDA"
    else:
        found = os.environ.get("CXX") or any(map(shutil.which, COMPILERS))
        lacking = None if found else "a C++ compiler, for example g++"
    if lacking:
        raise UsageError(f"compile needs {lacking}: install it, or leave the option out")


@functools.cache
def compiled(maps: Maps) -> Maps:
    """Return the function compiled, once for each process; networks share it, and it knows them apart."""
    from torch._dynamo.exc import BackendCompilerFailed  # seconds to import

    made: Maps = torch.compile(maps, dynamic=False, backend=BACKEND)

    def run(backbone: Backbone, images: Tensor) -> Tensor:
        try:
            return made(backbone, images)
        except BackendCompilerFailed as error:  # as where the headers of Python are not installed
            reason = " ".join(str(error.inner_exception).split())[:300]
            raise UsageError(f"compile failed here, leave the option out: {reason}") from error

    return run
