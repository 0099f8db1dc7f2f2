"""Feature maps of a frozen backbone, computed once and kept on disk: an epoch then takes seconds on a CPU."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from weldon.data import ImageDataset, Record, collate, encode_targets
from weldon.errors import DataError
from weldon.models import WeldonNet, cell_mask

Batch = dict[str, Tensor]
BATCH_SIZE = 16  # images a forward pass
STDERR = Console(stderr=True)


@dataclass(frozen=True)
class CachedFeatures:
    """Feature maps of a list of images.

    Args:
        maps: ``(N, h, w, F)`` float16, memory-mapped: features last, as a 1x1 convolution reads them fastest.
        masks: ``(N, h, w)`` bool, True on cells of the photograph.
        rows: position of each image's file in the two arrays.
    """

    maps: np.ndarray[Any, Any]
    masks: np.ndarray[Any, Any]
    rows: dict[Path, int]


class FeatureDataset(Dataset[Batch]):
    """Cached feature maps with their labels; a list of indices comes out as one batch.

    Args:
        records: N images.
        classes: C class names.
        cached: where the maps of the images are.
    """

    def __init__(self, records: Sequence[Record], classes: Sequence[str], cached: CachedFeatures) -> None:
        self.records = tuple(records)
        self.cached = cached
        self.rows = np.array([cached.rows[record.path] for record in records])
        self.target, self.known = encode_targets(records, classes)
        self.weight = torch.tensor([record.weight for record in records], dtype=torch.float32)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])

    def __getitems__(self, indices: list[int]) -> Batch:
        """Return the batch of ``indices``: features ``(N, F, h, w)``, mask ``(N, h, w)``, target, …."""
        chosen, rows = torch.tensor(indices), self.rows[indices]
        return {
            "features": torch.from_numpy(self.cached.maps[rows]).float().permute(0, 3, 1, 2),
            "mask": torch.from_numpy(self.cached.masks[rows]),
            "target": self.target[chosen],
            "known": self.known[chosen],
            "weight": self.weight[chosen],
            "index": chosen,
        }


def take_whole(batch: Batch) -> Batch:
    """Collate for :class:`FeatureDataset`, which hands out whole batches."""
    return batch


def cache_features(
    net: WeldonNet, dataset: ImageDataset, folder: Path, *, workers: int, identity: dict[str, Any]
) -> CachedFeatures:
    """Return the feature maps of every image of ``dataset``, from ``folder`` if they are there already.

    Args:
        net: its backbone makes the maps, in evaluation mode, on its own device.
        dataset: N images under the evaluation transform.
        folder: each distinct set of maps gets a folder of its own inside.
        workers: processes that read images.
        identity: what else the maps depend on (image size, resize).

    Raises:
        DataError: not one image can be read.
    """
    identity = identity | {"backbone": weights_digest(net.backbone), "order": "NHWC"}
    home = folder / _key(dataset.records, identity)
    if not (home / "rows.json").exists():
        _compute(net, dataset, home, workers=workers)
    rows = {Path(name): row for row, name in enumerate(json.loads((home / "rows.json").read_text("utf-8")))}
    return CachedFeatures(np.load(home / "maps.npy", mmap_mode="r"), np.load(home / "masks.npy"), rows)


def weights_digest(module: nn.Module) -> str:
    """Return a digest of every parameter and buffer of ``module``, by name."""
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(
            name.encode() + value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
        )
    return digest.hexdigest()


def _key(records: Sequence[Record], identity: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode())
    for record in records:
        state = record.path.stat()
        digest.update(f"{record.path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _compute(net: WeldonNet, dataset: ImageDataset, home: Path, *, workers: int) -> None:
    """Write ``maps.npy``, ``masks.npy`` and, last of all, ``rows.json``, which says that they are whole."""
    home.mkdir(parents=True, exist_ok=True)
    unfinished = home / f"maps.{os.getpid()}.npy"
    try:
        masks, names = _write_maps(net, dataset, unfinished, workers=workers)
        if not names:
            files = len(dataset)
            raise DataError(f"none of the {files} files can be read, {dataset.records[0].path} for one")
        unfinished.replace(home / "maps.npy")
        np.save(home / "masks.npy", np.concatenate(masks))
        (home / "rows.json").write_text(json.dumps(names), encoding="utf-8")
    finally:
        unfinished.unlink(missing_ok=True)


@torch.no_grad()
def _write_maps(
    net: WeldonNet, dataset: ImageDataset, path: Path, *, workers: int
) -> tuple[list[np.ndarray[Any, Any]], list[str]]:
    """Write the feature maps of the readable images; return their masks and files, in the same order."""
    device = next(net.parameters()).device
    net.eval()
    loader = DataLoader(dataset, BATCH_SIZE, collate_fn=collate, num_workers=workers)
    maps: np.ndarray[Any, Any] | None = None
    masks: list[np.ndarray[Any, Any]] = []
    names: list[str] = []
    for batch in track(loader, description="feature maps", total=len(loader), transient=True, console=STDERR):
        if not len(batch["image"]):
            continue
        features = net.features(batch["image"].to(device)).permute(0, 2, 3, 1).half()  # (N, h, w, F)
        if maps is None:
            shape = (len(dataset), *features.shape[1:])
            maps = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
        maps[len(names) : len(names) + len(features)] = features.cpu().numpy()
        masks.append(cell_mask(batch["mask"], (features.shape[1], features.shape[2])).numpy())
        names += [str(dataset.records[index].path) for index in batch["index"].tolist()]
    return masks, names


def cache_folder(chosen: Path | None) -> Path:
    """Return the folder for cached maps: the chosen one, ``WELDON_CACHE``, or the user's cache folder."""
    if chosen is not None:
        return chosen
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("WELDON_CACHE") or Path(user) / "weldon") / "features"
