"""``weights/last.ckpt``: the state after the last whole epoch, written whole and checked when read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from weldon.errors import DataError
from weldon.files import write_bytes
from weldon.models import RegionNet
from weldon.training.module import CLASSES, FIXED, fixed_checksum

WAY_OUT = "start again with --overwrite, or put back a copy of the file"


class CheckpointFile(TorchCheckpointIO):
    """How Lightning writes and reads the checkpoint of a run."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write beside, then replace: a kill or a full disk leaves the checkpoint of the epoch before."""
        content = io.BytesIO()
        torch.save(checkpoint, content)
        write_bytes(path, content.getbuffer())

    def load_checkpoint(
        self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Return the state, see :func:`read_checkpoint`."""
        return read_checkpoint(Path(path), map_location)


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Return the state that a run goes on from.

    Raises:
        DataError: cut off, altered, or not written by ``weldon train``; it names the file and the way out.
    """
    try:
        _check_sums(path)
        stored = torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # damaged bytes make the readers raise errors of every class
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise _damaged(path, reason[0][:200]) from error
    if not isinstance(stored, dict) or "state_dict" not in stored:
        raise _damaged(path, "it holds no state of a run")
    return stored


def refuse_other_network(path: Path, stored: Mapping[str, Any], net: RegionNet) -> None:
    """Refuse a checkpoint whose weights are not those of ``net``, by name and shape.

    Of a frozen backbone, which training does not change, it holds a checksum.

    Raises:
        DataError: names the file and the first weight that does not fit.
    """
    fixed = net.fixed_names() if FIXED in stored else ()
    if fixed and stored[FIXED] != fixed_checksum(net):
        raise DataError(
            f"the weights of the backbone are others than those that the run of {path} began with: put them "
            f"back, or {WAY_OUT}"
        )
    wanted = {
        f"net.{name}": tuple(value.shape) for name, value in net.state_dict().items() if name not in fixed
    }
    found = {
        name: tuple(getattr(value, "shape", ()))
        for name, value in stored["state_dict"].items()
        if name.startswith("net.")
    }
    odd = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
    if odd:
        raise _damaged(path, f"it is of another network, {odd[0]} does not fit")


def refuse_other_classes(path: Path, stored: Mapping[str, Any], names: Sequence[str], told_by: Path) -> None:
    """Refuse names of classes, or an order of them, that the weights do not have.

    Args:
        path: of the checkpoint.
        stored: what it holds; one of an earlier version names no classes.
        names: of the classes, in their order.
        told_by: the file that names them.

    Raises:
        DataError: names both files.
    """
    known = stored.get(CLASSES)
    if known and list(known) != list(names):
        raise DataError(
            f"{told_by} names the classes {', '.join(names)}, but the weights of {path} are those of "
            f"{', '.join(map(str, known))}, in this order: put the file back, or {WAY_OUT}"
        )


def _check_sums(path: Path) -> None:
    """Compare every part with its checksum; ``torch.load`` does not."""
    with zipfile.ZipFile(path) as parts:
        broken = parts.testzip()
    if broken is not None:
        raise zipfile.BadZipFile(f"{broken} does not match its checksum")


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f"{path} is damaged ({reason}), so the run cannot go on: {WAY_OUT}")
