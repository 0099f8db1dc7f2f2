"""Which unlabelled images to label next: those a run is unsure of, spread over what the images show."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from weldon.counted import counted
from weldon.data import Record
from weldon.data.corrections import joined_pictures, joined_table
from weldon.errors import DataError, UsageError
from weldon.evaluation.selection import pixels_as_trained
from weldon.files import write_csv
from weldon.inference.image_list import NamedImage, expand_images
from weldon.review.run_maps import RunMaps, read_run_maps
from weldon.review.variety import far_apart, pooled_features, uncertainty
from weldon.runs.run_directory import RunDirectory, open_run
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.features.map_key import read_contents
from weldon.training.inputs.images import cached_maps

log = logging.getLogger("weldon")

COUNT = 50
SCORED = 128  # images a pass


@dataclass(frozen=True, slots=True)
class NextImage:
    """An image that is worth a label.

    Args:
        rank: 1 is the first to label.
        file_name: below the folder that was given.
        path: the file.
        uncertainty: how unsure the run is, in 0-1 (:func:`weldon.review.variety.uncertainty`).
        distance: to the nearest image that is labelled or comes before it, in 0-2.
        probabilities: of each class.
        nearest: the name of that nearest image.
    """

    rank: int
    file_name: str
    path: Path
    uncertainty: float
    distance: float
    probabilities: dict[str, float]
    nearest: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "rank": self.rank,
            "file_name": self.file_name,
            "uncertainty": self.uncertainty,
            "distance": self.distance,
            "nearest": self.nearest,
            "probabilities": self.probabilities,
        }


def next_images(
    run: str | Path | RunDirectory,
    unlabelled: str | Path | Iterable[str | Path],
    *,
    count: int = COUNT,
    corrections: str | Path | None = None,
    device: str = "auto",
) -> list[NextImage]:
    """Return the images to label next, the first one first.

    The rule is uncertainty times variety: one after another, the image is taken whose uncertainty times its
    distance to the nearest image that is labelled, or was taken before, is highest. So fifty images are not
    fifty frames of one scene. Files that hold the same as a labelled one are left out, and pictures that
    people labelled on the page since (``RUN.corrections.joined.csv``) count as labelled.

    Args:
        run: a finished run on images.
        unlabelled: files, folders, patterns or text lists, as for :func:`weldon.inference.expand_images`.
        count: how many; fewer come back where there are not so many different ones.
        corrections: a table of corrections; None takes the one that people made for this run on the page,
            where it is there. What people said of pictures that joined lies beside it.
        device: where to compute.

    Raises:
        UsageError: no finished run on images, or ``count`` below 1.
        DataError: images that cannot be used, or all of them are labelled already.
    """
    if count < 1:
        raise UsageError(f"`count` must be at least 1, got {count!r}")
    directory = run if isinstance(run, RunDirectory) else open_run(run)
    given = [unlabelled] if isinstance(unlabelled, str | Path) else list(unlabelled)
    named = expand_images([str(source) for source in given])
    table = directory.corrections_table() if corrections is None else Path(corrections)
    joined = joined_table(table)
    needed = corrections is not None and not joined.is_file()
    with pixels_as_trained(directory):
        used = table if needed or table.is_file() else None
        maps = read_run_maps(directory, corrections=used, device=device)
        return _chosen(
            maps, *_unlabelled(maps, named, frozenset(map(Path.resolve, joined_pictures(joined)))), count
        )


def write_next(path: Path, found: Sequence[NextImage]) -> None:
    """Write a row an image: rank, name, how unsure, how far from the nearest, each probability."""
    columns = ("file_name", "rank", "uncertainty", "distance", "nearest")
    classes = list(found[0].probabilities) if found else []
    rows = [
        {
            **dict(zip(columns, (i.file_name, i.rank, i.uncertainty, i.distance, i.nearest), strict=True)),
            **{f"probability of {name}": f"{value:.4f}" for name, value in i.probabilities.items()},
        }
        for i in found
    ]
    write_csv(path, rows, (*columns, *(f"probability of {name}" for name in classes)))


def _unlabelled(
    maps: RunMaps, named: Sequence[NamedImage], spoken: frozenset[Path]
) -> tuple[FeatureDataset, FeatureDataset]:
    """Return the maps of images that people labelled on the page, and of those without a label.

    Images that hold the same bytes as a labelled image, or as an earlier one, are in neither.
    """
    named = sorted(named, key=lambda image: image.path.resolve() not in spoken)
    contents = read_contents([*(r.path for r in maps.records), *(image.path for image in named)])
    seen = {contents.digests.get(record.path) for record in maps.records}
    new: list[Record] = []
    for image in named:
        digest = contents.digests.get(image.path)
        if digest is None or digest not in seen:  # what cannot be read is named later
            new.append(Record(image.path, image.file_name, frozenset()))
            seen.add(digest)
    if len(new) < len(named):
        log.info(
            "%s left out: a labelled image or another of them holds the same",
            counted(len(named) - len(new), "file is", "files are"),
        )
    known = [record for record in new if record.path.resolve() in spoken]
    if known:
        log.info("%s left out: people labelled them on the page", counted(len(known), "file is", "files are"))
    if len(known) == len(new):
        raise DataError(
            f"of {counted(len(named), 'image')} none is new: files that hold the same are labelled"
        )
    classes = maps.decision.classes
    cached = cached_maps(maps.recipe, maps.net, new, classes)
    readable = [record for record in new if record.path in cached.rows]
    labelled, free = (
        FeatureDataset([r for r in readable if (r.path.resolve() in spoken) == said], classes, cached)
        for said in (True, False)
    )
    return labelled, free


def _chosen(maps: RunMaps, labelled: FeatureDataset, pool: FeatureDataset, count: int) -> list[NextImage]:
    if not len(pool):
        raise DataError("none of the new images can be read: `weldon check` on their folder says why")
    chances = maps.decision.probabilities(_scores(maps, pool))
    unsure = uncertainty(chances, maps.decision.task)
    centres = np.concatenate([pooled_features(part) for part in (maps.dataset, labelled) if len(part)])
    picks = far_apart(pooled_features(pool), centres, unsure.numpy(), count)
    names = [record.file_name for record in (*maps.records, *labelled.records)]
    found: list[NextImage] = []
    for rank, pick in enumerate(picks, start=1):
        record = pool.records[pick.place]
        near = (
            names[pick.nearest] if pick.nearest < len(names) else found[pick.nearest - len(names)].file_name
        )
        values = dict(zip(maps.decision.classes, chances[pick.place].tolist(), strict=True))
        found.append(
            NextImage(
                rank, record.file_name, record.path, float(unsure[pick.place]), pick.distance, values, near
            )
        )
    return found


@torch.no_grad()
def _scores(maps: RunMaps, pool: FeatureDataset) -> Tensor:
    """Return the scores ``(N, C)`` that the run gives."""
    parts = []
    size = min(SCORED, pool.cached.at_once)
    for start in range(0, len(pool), size):
        batch = pool.__getitems__(list(range(start, min(len(pool), start + size))))
        regions = maps.net.transfer_scores(batch["features"].to(maps.device))
        parts.append(maps.net.pool(regions, batch["mask"].to(maps.device)).float().cpu())
    return torch.cat(parts)
