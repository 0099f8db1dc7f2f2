"""The regions that speak for and against a class, with the weight of each in the score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from weldon.data.geometry import Geometry


@dataclass(frozen=True, slots=True)
class Region:
    """One cell of a class map and its part in the score.

    Args:
        box: x1, y1, x2, y2 in pixels of the upright original image.
        row: of the cell in the map, from the top.
        col: of the cell in the map, from the left.
        score: what the network gives this region for the class, F(x, y, h).
        weight: the region's weight in the score of the image.
    """

    box: tuple[float, float, float, float]
    row: int
    col: int
    score: float
    weight: float

    @property
    def contribution(self) -> float:
        """What the region adds to the score: weight times score."""
        return self.weight * self.score


@dataclass(frozen=True, slots=True)
class Evidence:
    """How the score of one class came about: ``score = top + low + remainder``.

    Args:
        class_name: the class.
        score: of the whole image.
        top: the regions that count as evidence for the class, highest first.
        low: the regions that count as evidence against it, lowest first.
        remainder: what the regions do not add up to: 0 (rounding) for poolings that average regions, the
            smoothing term for those that bend them (lse, generalised).
    """

    class_name: str
    score: float
    top: tuple[Region, ...]
    low: tuple[Region, ...]
    remainder: float

    @property
    def top_sum(self) -> float:
        """What the regions for the class add to its score."""
        return sum_of_parts(self.top)

    @property
    def low_sum(self) -> float:
        """What the regions against the class add to its score: below zero where they speak against it."""
        return sum_of_parts(self.low)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, the sums of both sides included."""
        return {
            "score": self.score,
            "top": [region_dict(region) for region in self.top],
            "low": [region_dict(region) for region in self.low],
            "top_sum": self.top_sum,
            "low_sum": self.low_sum,
            "remainder": self.remainder,
        }


def sum_of_parts(regions: Iterable[Region]) -> float:
    """Add up the contributions of regions."""
    return sum(region.contribution for region in regions)


def region_dict(region: Region) -> dict[str, Any]:
    """Return a region as plain values, its contribution included."""
    return {**asdict(region), "box": list(region.box), "contribution": region.contribution}


def collect_evidence(
    class_name: str,
    score: float,
    class_map: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    geometry: Geometry,
) -> Evidence:
    """Gather the regions with a weight in the score, in coordinates of the original image.

    Args:
        class_name: the class.
        score: of the image for that class.
        class_map: ``(h, w)`` float, a score per region.
        positive: ``(h, w)`` float at least 0, weights as evidence for (``pooling.region_weights``).
        negative: ``(h, w)`` float at least 0, weights as evidence against.
        geometry: how the image lay on the network's canvas.

    Example:
        >>> for_, against = torch.tensor([[0.5, 0.0]]), torch.tensor([[0.0, 0.5]])
        >>> evidence = collect_evidence("cat", 1.5, torch.tensor([[4.0, -1.0]]), for_, against,
        ...                             geometry=Geometry(20, 10, 32, "warp"))
        >>> evidence.top[0].box, evidence.top_sum, evidence.low_sum, evidence.remainder
        ((0.0, 0.0, 10.0, 10.0), 2.0, -0.5, 0.0)
    """
    top = _weighted_regions(class_map, positive, geometry, highest_first=True)
    low = _weighted_regions(class_map, negative, geometry, highest_first=False)
    return Evidence(class_name, score, top, low, score - sum_of_parts(top) - sum_of_parts(low))


def _weighted_regions(
    class_map: Tensor, weights: Tensor, geometry: Geometry, *, highest_first: bool
) -> tuple[Region, ...]:
    grid = (class_map.shape[0], class_map.shape[1])
    cells = torch.nonzero(weights > 0)  # (regions, 2)
    scores = class_map[cells[:, 0], cells[:, 1]].double()
    order = torch.argsort(scores, descending=highest_first, stable=True)
    return tuple(
        Region(
            box=geometry.cell_box(row, col, grid),
            row=row,
            col=col,
            score=float(class_map[row, col]),
            weight=float(weights[row, col]),
        )
        for row, col in cells[order].tolist()
    )
