"""Which modules' examples run: those whose libraries are there."""

from __future__ import annotations

from importlib.util import find_spec

# torch for CUDA brings triton, torch for CPUs does not
collect_ignore = [] if find_spec("triton") else ["weldon/pooling/highest_lowest_kernel.py"]
