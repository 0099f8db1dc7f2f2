"""Why a class, or why not: the regions for and against, the addition, a sentence and a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from weldon.counted import counted
from weldon.data.geometry import TILES
from weldon.data.windows import open_windows
from weldon.errors import UsageError
from weldon.inference.evidence import Evidence, Region
from weldon.inference.overlay import (
    ROOMY_CELL,
    draw_evidence,
    one_below_another,
    overlay_map,
    picture_size,
    side_by_side,
    with_caption,
)
from weldon.inference.result import Result
from weldon.inference.wording import addition_table, describe_class, describe_contest

DETAILS = 4  # parts of a large picture that are shown in its own pixels
DETAIL_CELLS = 8  # a side of each


@dataclass(frozen=True)
class Explanation:
    """The evidence of one class in one image, or of two that compete.

    Args:
        result: the image's result.
        evidence: of the class that is explained.
        versus: of its rival, or None.
    """

    result: Result
    evidence: Evidence
    versus: Evidence | None = None

    @property
    def sides(self) -> tuple[Evidence, ...]:
        """The class and, if there is one, its rival."""
        return (self.evidence,) if self.versus is None else (self.evidence, self.versus)

    def sentence(self) -> str:
        """Say in one sentence what speaks for and against."""
        if self.versus is not None:
            return describe_contest(self.result, self.evidence, self.versus)
        return describe_class(self.result, self.evidence)

    def table(self, *, rows: int | None = 5) -> str:
        """Write the score as an addition whose printed parts add up to the printed score.

        Args:
            rows: regions shown on each side, the others summed in one line; None shows all.
        """
        return "\n\n".join(addition_table(evidence, rows=rows) for evidence in self.sides)

    def picture(self) -> Image.Image:
        """Draw the regions with their scores over the heat map, the rival beside the class."""
        return side_by_side([self._panel(evidence) for evidence in self.sides])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        probabilities = self.result.probabilities
        return {
            "file_name": self.result.file_name,
            "width": self.result.width,
            "height": self.result.height,
            "sentence": self.sentence(),
            "classes": {
                side.class_name: {"probability": probabilities[side.class_name], **side.to_dict()}
                for side in self.sides
            },
        }

    def _panel(self, evidence: Evidence) -> Image.Image:
        result = self.result
        size = picture_size(result.geometry, grid=result.grid)
        scale = result.decision.map_scale
        heat = result.heatmap(evidence.class_name, size=(size[1], size[0]))
        picture = overlay_map(result.reduced(max(size)).resize(size), heat, scale=scale)
        factor = (size[0] / result.width, size[1] / result.height)
        caption = (
            f"{evidence.class_name}: score {evidence.score:+.2f}, "
            f"probability {result.probabilities[evidence.class_name]:.2f}",
            f"highest {len(evidence.top)} of {counted(result.regions, 'region')} {evidence.top_sum:+.2f}, "
            f"lowest {len(evidence.low)} {evidence.low_sum:+.2f}",
        )
        drawn = draw_evidence(picture, evidence, factor=factor)
        if min(factor) < 1 and result.geometry.resize == TILES and evidence.top:
            drawn = one_below_another([drawn, side_by_side(list(_details(result, evidence)))])
        return with_caption(drawn, caption, scale=scale)


def _details(result: Result, evidence: Evidence) -> Iterator[Image.Image]:
    """Yield parts of a large picture in its own pixels, enlarged: the strongest regions for the class."""
    side, zoom = DETAIL_CELLS * result.geometry.image_size, ROOMY_CELL / result.geometry.image_size
    with open_windows(result.source) as picture:
        for left, top in _strongest(evidence, side):
            x = min(max(0, left), max(0, result.width - side))
            y = min(max(0, top), max(0, result.height - side))
            right, bottom = min(result.width, x + side), min(result.height, y + side)
            seen = picture.band(y, bottom).crop((x, 0, right, bottom - y))
            enlarged = seen.resize((round(zoom * seen.width), round(zoom * seen.height)))
            yield draw_evidence(enlarged, _inside(evidence, x, y, side), factor=(zoom, zoom))


def _strongest(evidence: Evidence, side: int) -> list[tuple[int, int]]:
    """Return the corners of a few squares around the strongest regions, none around the centre of another."""
    centres: list[tuple[float, float]] = []
    for region in evidence.top:
        x, y = (region.box[0] + region.box[2]) / 2, (region.box[1] + region.box[3]) / 2
        if all(max(abs(x - other), abs(y - own)) > side / 2 for other, own in centres):
            centres.append((x, y))
        if len(centres) == DETAILS:
            break
    return [(round(x - side / 2), round(y - side / 2)) for x, y in centres]


def _inside(evidence: Evidence, x: int, y: int, side: int) -> Evidence:
    """Return the evidence of a part of the picture, in pixels from its corner."""

    def moved(regions: Iterable[Region]) -> tuple[Region, ...]:
        boxes = ((region, region.box[0] - x, region.box[1] - y) for region in regions)
        return tuple(
            replace(region, box=(left, top, region.box[2] - x, region.box[3] - y))
            for region, left, top in boxes
            if -side < left < side and -side < top < side
        )

    return replace(evidence, top=moved(evidence.top), low=moved(evidence.low))


def explain(result: Result, class_name: str, *, versus: str | None = None) -> Explanation:
    """Explain the score of a class, alone or against a rival.

    Args:
        result: of one image, from :meth:`weldon.inference.Predictor.predict`.
        class_name: the class.
        versus: its rival, or None.

    Raises:
        UsageError: no such class, or a class against itself.
    """
    if versus == class_name:
        raise UsageError(f"versus must be another class than {class_name!r}")
    rival = None if versus is None else result.evidence(versus)
    return Explanation(result, result.evidence(class_name), rival)
