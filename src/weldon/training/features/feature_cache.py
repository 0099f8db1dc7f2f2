"""Feature maps of a frozen backbone, computed once and kept on disk: an epoch then takes seconds on a CPU."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from weldon.data import EvalTransform, ImageDataset, collate, load_image
from weldon.data.tiles import Tiling
from weldon.data.windows import open_windows, picture_size
from weldon.errors import DataError
from weldon.files import is_alive
from weldon.folders import clear_draft_folders, draft_folder, remove_whole, take_place
from weldon.models import WeldonNet, cell_mask
from weldon.models.stitched import stitched_strips, tiles_a_pass
from weldon.progress import estimated, tracked
from weldon.stopping import leave_if_told, leave_to_parent
from weldon.training.features.disk_room import failures_told
from weldon.training.features.feature_dataset import CachedFeatures
from weldon.training.features.map_key import Contents, map_facts, map_key, read_contents
from weldon.training.features.stored_maps import DamagedError, MapWriter, StoredMaps, larger_sets, open_maps

log = logging.getLogger("weldon")
BATCH_SIZE = 16  # images a forward pass
BLOCK = 64  # cells of a map of its own size that are stored and checked together


def cache_features(net: WeldonNet, dataset: ImageDataset, folder: Path, *, workers: int) -> CachedFeatures:
    """Return the feature maps of every image of ``dataset``, from ``folder`` if they are there already.

    Maps are found by what they depend on: the bytes of the files, not their names, the way images are laid
    out, the backbone and the libraries. Every byte is checked first; damaged maps are computed again.

    Args:
        net: its backbone makes the maps, in evaluation mode, on its own device.
        dataset: N images under the evaluation transform.
        folder: each distinct set of maps gets a folder of its own inside.
        workers: processes that read images.

    Raises:
        DataError: not one image can be read, files change meanwhile, or the folder cannot hold the maps.
    """
    contents = read_contents(record.path for record in dataset.records)
    facts = map_facts(net, dataset.transform)
    key = map_key(facts, contents.digests.values())
    job = _Job(net, dataset, contents, facts, key, folder / key[:16], workers)
    with failures_told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder)
        return job.by_path(job.kept() or job.computed())


@dataclass(frozen=True)
class _Job:
    net: WeldonNet
    dataset: ImageDataset
    contents: Contents
    facts: dict[str, Any]
    key: str
    home: Path
    workers: int

    def kept(self) -> StoredMaps | None:
        """Return the maps that are there, whole and up to date; others are removed and spoken of."""
        if not os.path.lexists(self.home):
            return self._of_larger_set()
        try:
            stored = open_maps(self.home, self.key)
        except DamagedError as damage:
            log.warning("cached maps in %s are damaged and computed again: %s", self.home, damage)
        else:
            if (mended := self._mended(stored)) is None:
                return stored
            log.info("%s can be read now: maps are computed again", mended)
        remove_whole(self.home)
        return None

    def _mended(self, stored: StoredMaps) -> Path | None:
        """Return a file that was no image when the maps were made and is one now."""
        refused = (path for path, said in self.contents.digests.items() if said in stored.unreadable)
        return next((path for path in refused if _refusal(path, self.dataset.transform) is None), None)

    def _of_larger_set(self) -> StoredMaps | None:
        """Return maps that were made in the same way and hold those of all files; None: there are none."""
        wanted = set(self.contents.digests.values())
        for key, folder in larger_sets(self.home.parent, self.facts, wanted):
            with contextlib.suppress(DamagedError, OSError):
                stored = open_maps(folder, key)
                if self._mended(stored) is None:
                    return stored
        return None

    def computed(self) -> StoredMaps:
        """Compute the maps in a draft and put them in place; if another process was faster, use its own."""
        with draft_folder(self.home) as draft:
            with contextlib.closing(self._writer(draft)) as writer:
                self._write(writer)
            try:
                stored = open_maps(draft, self.key)  # mapped before it is renamed: nobody can take it away
            except DamagedError as damage:
                raise DataError(
                    f"feature maps written to {self.home.parent} do not read back as written: {damage}; "
                    "the disk or the memory of this machine is faulty"
                ) from damage
            if take_place(draft, self.home):
                return stored
        with contextlib.suppress(DamagedError):
            return open_maps(self.home, self.key)
        return stored

    @property
    def order(self) -> list[int]:
        """Position of an image for each distinct content, by content: names change nothing."""
        digests = self.contents.digests
        first = {digests.get(r.path): n for n, r in reversed(list(enumerate(self.dataset.records)))}
        return [first[digest] for digest in sorted(set(digests.values()))]

    def _writer(self, draft: Path) -> MapWriter:
        if self.tiling is None:
            return MapWriter(draft, len(self.order), self.home.parent)
        rows = sum(-(-h * w // BLOCK) for h, w in self.grids.values())
        return MapWriter(draft, rows, self.home.parent, what="blocks of cells")

    @property
    def tiling(self) -> Tiling | None:
        """How pictures are cut into tiles; None: each is laid on one canvas."""
        transform = self.dataset.transform
        return transform if isinstance(transform, Tiling) else None

    @cached_property
    def grids(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of the map of each picture that is seen by tiles, by the digest of its file."""
        assert self.tiling is not None
        found = {}
        for index in self.order:
            path = self.dataset.records[index].path
            with contextlib.suppress(DataError):
                found[self.contents.digests[path]] = self.tiling.grid(picture_size(path))
        return found

    def _write(self, writer: MapWriter) -> None:
        if self.tiling is None:
            for batch in self._batches():
                paths = [self.dataset.records[index].path for index in batch["index"].tolist()]
                writer.add(*self._maps(batch), [self.contents.digests[path] for path in paths])
        else:
            self._write_cells(writer, self.tiling)
        written = {digest for digest, _ in writer.checks}
        if not written:
            files = len(self.dataset)
            named = self.dataset.records[0].path
            raise DataError(f"none of the {files} files can be read, {named} for one")
        self.contents.refuse_changes()
        unreadable = sorted(set(self.contents.digests.values()) - written)
        grids = None if self.tiling is None else {digest: self.grids[digest] for digest in sorted(written)}
        writer.finish(self.key, unreadable, self.facts, grids)

    def _write_cells(self, writer: MapWriter, tiling: Tiling) -> None:
        """Write the map of each picture, a block of cells a row; of one that breaks off nothing stays."""
        self.net.eval()
        device = next(self.net.parameters()).device
        size = tiles_a_pass(device, tiling.tile, BATCH_SIZE)

        def maps_of(tiles: Tensor) -> Tensor:
            return self.net.features(tiles.to(device)).half()

        total = len(self.order)
        seen = tracked(estimated(self.order, "feature maps", total), "feature maps", total)
        for path in (self.dataset.records[index].path for index in seen):
            blocks = _blocks(_strips_of(path, maps_of, tiling, size))
            _add_all(writer, blocks, self.contents.digests[path])

    def _batches(self) -> Iterator[dict[str, Any]]:
        """Yield the batches that hold an image; whoever asked for the maps names the files without."""
        images: Any = Subset(self.dataset, self.order)
        if not len(images):
            return
        loader = DataLoader(
            images, BATCH_SIZE, collate_fn=collate, num_workers=self.workers, worker_init_fn=leave_to_parent
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "skipped", RuntimeWarning)
            batches = estimated(loader, "feature maps", len(loader))
            for batch in tracked(batches, "feature maps", len(loader)):
                if len(batch["image"]):
                    yield batch

    @torch.no_grad()
    def _maps(self, batch: dict[str, Any]) -> tuple[Any, Any]:
        """Return maps ``(n, h, w, F)`` float16 and their masks ``(n, h, w)``."""
        leave_if_told()
        self.net.eval()
        device = next(self.net.parameters()).device
        images = self.net.prepared(batch["image"].to(device), batch["mask"].to(device))
        features = self.net.features(images).permute(0, 2, 3, 1).half()
        masks = cell_mask(batch["mask"], (features.shape[1], features.shape[2]))
        return features.cpu().numpy(), masks.numpy()

    def by_path(self, stored: StoredMaps) -> CachedFeatures:
        """Return the maps by the files of the data set, and why the others have none."""
        rows, lost = {}, dict(self.contents.lost)
        for path, digest in self.contents.digests.items():
            if digest in stored.rows:
                rows[path] = stored.rows[digest]
            else:
                lost[path] = _refusal(path, self.dataset.transform) or "the file cannot be read"
        sizes = stored.grids
        grids = None if sizes is None else {stored.rows[digest]: grid for digest, grid in sizes.items()}
        return CachedFeatures(stored.maps, stored.masks, rows, lost, grids)


def _strips_of(
    path: Path, maps_of: Callable[[Tensor], Tensor], tiling: Tiling, size: int
) -> Iterator[Tensor]:
    with open_windows(path, tiling.window) as picture:
        yield from stitched_strips(maps_of, picture, tiling, batch_size=size)


def _add_all(writer: MapWriter, blocks: Iterator[tuple[Any, Any]], digest: str) -> None:
    """Add the blocks of one map, or nothing of it where its picture breaks off."""
    before = len(writer.checks)
    while True:
        try:
            block = next(blocks, None)
        except DataError:
            writer.keep_first(before)
            return
        if block is None:
            return
        cells, real = block
        writer.add(cells[None, None], real[None, None], [digest])


def _blocks(strips: Iterable[Tensor]) -> Iterator[tuple[Any, Any]]:
    """Yield the cells of a map ``(BLOCK, F)`` from the left and the top, and which of them are its own."""
    kept = None
    for strip in strips:  # (F, rows, columns)
        cells = strip.flatten(1).mT
        kept = cells if kept is None else torch.cat((kept, cells))
        whole = len(kept) - len(kept) % BLOCK
        for first in range(0, whole, BLOCK):
            yield kept[first : first + BLOCK].numpy(), np.ones(BLOCK, bool)
        kept = kept[whole:]
    if kept is not None and len(kept):
        padded = kept.new_zeros(BLOCK, kept.shape[1])
        padded[: len(kept)] = kept
        yield padded.numpy(), np.arange(BLOCK) < len(kept)


def _refusal(path: Path, transform: EvalTransform) -> str | None:
    """Return why a file is no image that can be read; None: it is one."""
    try:
        if not isinstance(transform, Tiling):
            load_image(path, transform.window)
        else:
            with open_windows(path, transform.window) as picture:
                height = picture.size[1]
                for top in range(0, height, transform.tile):
                    picture.band(top, min(top + transform.tile, height))
    except DataError as error:
        return str(error).removeprefix(f"cannot read the image {path}: ")
    return None


def _clear(folder: Path) -> None:
    """Remove what killed runs left; a cache that may only be read is left as it is."""
    with contextlib.suppress(OSError):
        clear_draft_folders(folder)
        for orphan in folder.glob("*/maps.*.npy"):  # of version 0.1.0
            if not is_alive(orphan.name.split(".")[1]):
                orphan.unlink()
