"""What feature maps depend on: the bytes of the images, how they are laid, the backbone, the libraries."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from PIL import features

from weldon.data import EvalTransform
from weldon.data.shards.member import by_place, member_bytes, shard_of
from weldon.errors import DataError, system_reason
from weldon.models import WeldonNet
from weldon.models.checkpoint import tensors_checksum
from weldon.progress import tracked

LAYOUT = 4  # raise it when the same files give other maps, or the same maps lie otherwise on disk
LIBRARIES = ("weldon", "torch", "torchvision", "timm", "pillow")
LOSSY = ("jpg", "jpg_2000", "webp")  # decoders that may round pixels otherwise in another version
MANY = 500  # files of which reading takes long enough to show a bar


@dataclass(frozen=True)
class Contents:
    """What some files held when they were read.

    Args:
        digests: of each file's bytes, in the order given.
        stamps: what the system said of each file then; a write changes it.
        lost: why the other files could not be read.
    """

    digests: dict[Path, str]
    stamps: dict[Path, tuple[int, ...]]
    lost: dict[Path, str]

    def refuse_changes(self) -> None:
        """Make sure that no file was written since.

        Raises:
            DataError: names the files.
        """
        changed = [str(path) for path, stamp in self.stamps.items() if _stamp(path) != stamp]
        if changed:
            raise DataError("files changed while their feature maps were computed: run again", changed)


def read_contents(paths: Iterable[Path]) -> Contents:
    """Read every file and return the digests of what they hold, by as many threads as help.

    The bytes alone identify an image: a copy or a folder moved elsewhere has the same maps, and other pixels
    under the same name, size and time have others.
    """
    files = by_place(dict.fromkeys(paths))
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        found = list(
            tracked(
                threads.map(_read, files),
                "reading files",
                len(files),
                shown=len(files) >= MANY,
            )
        )
    read = {path: said for path, said in zip(files, found, strict=True) if isinstance(said, tuple)}
    lost = {path: said for path, said in zip(files, found, strict=True) if isinstance(said, str)}
    return Contents(
        {path: digest for path, (digest, _) in read.items()},
        {path: stamp for path, (_, stamp) in read.items()},
        lost,
    )


def map_facts(net: WeldonNet, transform: EvalTransform) -> dict[str, Any]:
    """Return all that maps depend on besides the images, as JSON has it."""
    backbone = net.backbone
    facts = {
        "layout": LAYOUT,
        "libraries": {name: version(name) for name in LIBRARIES},
        "builds": {"torch": str(torch.__version__)} | {name: features.version(name) for name in LOSSY},
        "transform": {"kind": type(transform).__name__, **_given(vars(transform))},
        "backbone": {
            "name": backbone.name,
            "model_kwargs": backbone.model_kwargs,
            "weights": tensors_checksum(backbone.state_dict(), ""),
        },
        "device": next(net.parameters()).device.type,
        "float32": torch.get_float32_matmul_precision(),
    }
    if backbone.compiled:  # rounded otherwise
        facts["compiled"] = True
    plain: dict[str, Any] = json.loads(json.dumps(facts, default=str))
    return plain


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return options without those that are not given, so that a new one leaves older maps valid."""
    return {name: value for name, value in options.items() if not (name == "window" and value is None)}


def map_key(facts: dict[str, Any], digests: Iterable[str]) -> str:
    """Return the name of the maps of these images: equal images count once, their order does not matter."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    digest.update("\n".join(sorted(set(digests))).encode())
    return digest.hexdigest()


def _read(path: Path) -> tuple[str, tuple[int, ...]] | str:
    """Return the digest and the stamp of a file, or why it cannot be read."""
    try:
        stamp = _stamp(path)
        if (content := member_bytes(path)) is not None:
            return hashlib.sha256(content).hexdigest(), stamp
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
            return "it is no file"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), stamp
    except OSError as error:
        return system_reason(error)


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        said = (shard_of(path) or path).stat()
    except OSError:
        return ()
    return said.st_dev, said.st_ino, said.st_size, said.st_mtime_ns, said.st_ctime_ns
