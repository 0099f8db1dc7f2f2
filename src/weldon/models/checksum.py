"""What tells that the tensors of a file are those that were written: the format itself keeps no checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

KEY = "sha256"  # in the metadata of a safetensors file


def tensors_checksum(tensors: Mapping[str, Tensor], described: str) -> str:
    """Return one checksum of named tensors and of the text that describes them.

    Args:
        tensors: of any shape and type, in any order.
        described: what stands beside them in the metadata.

    Example:
        >>> one = tensors_checksum({"a": torch.zeros(2), "b": torch.ones(1)}, "{}")
        >>> one == tensors_checksum({"b": torch.ones(1), "a": torch.zeros(2)}, "{}")
        True
        >>> one == tensors_checksum({"a": torch.zeros(2, 1), "b": torch.ones(1)}, "{}")
        False
    """
    digest = hashlib.sha256(described.encode())
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"\0{name}\0{value.dtype}\0{tuple(value.shape)}\0".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
