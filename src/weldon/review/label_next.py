"""Which unlabelled images to label next: those a run is unsure of, spread over what the images show."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from weldon.data import Record
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
    fifty frames of one scene. Files that hold the same as a labelled one are left out.

    Args:
        run: a finished run on images.
        unlabelled: files, folders, patterns or text lists, as for :func:`weldon.inference.expand_images`.
        count: how many; fewer come back where there are not so many different ones.
        corrections: a table of corrections, of no effect on images that it does not name.
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
    with pixels_as_trained(directory):
        table = None if corrections is None else Path(corrections)
        maps = read_run_maps(directory, corrections=table, device=device)
        return _chosen(maps, _unlabelled(maps, named), count)


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


def _unlabelled(maps: RunMaps, named: Sequence[NamedImage]) -> FeatureDataset:
    """Return the maps of the images whose bytes no labelled image, nor an earlier one, has."""
    contents = read_contents([*(r.path for r in maps.records), *(image.path for image in named)])
    seen = {contents.digests.get(record.path) for record in maps.records}
    new = []
    for image in named:
        digest = contents.digests.get(image.path)
        if digest is None or digest not in seen:  # what cannot be read is named later
            new.append(Record(image.path, image.file_name, frozenset()))
            seen.add(digest)
    if not new:
        raise DataError(
            f"none of the {len(named)} images is new: files that hold the same are labelled already"
        )
    if len(new) < len(named):
        log.info(
            "%d of %d files are left out: a labelled image or another of them holds the same",
            len(named) - len(new),
            len(named),
        )
    cached = cached_maps(maps.recipe, maps.net, new, maps.decision.classes)
    readable = [record for record in new if record.path in cached.rows]
    return FeatureDataset(readable, maps.decision.classes, cached)


def _chosen(maps: RunMaps, pool: FeatureDataset, count: int) -> list[NextImage]:
    scores = _scores(maps, pool)
    chances = maps.decision.probabilities(scores)
    unsure = uncertainty(scores, maps.decision.task)
    labelled, free = pooled_features(maps.dataset), pooled_features(pool)
    picks = far_apart(free, labelled, unsure.numpy(), count)
    names = [record.file_name for record in maps.records]
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
