"""Draw one image as one class sees it: photograph, heat map, framed regions with scores, and the sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weldon.inference.evidence import Evidence, Region
from weldon.inference.result import Result
from weldon.inference.wording import addition_table, describe_class
from weldon.report.data_uri import map_uri, photo_uri, shrink

DRAWN_SIDE = 360
MAP_SIDE = 48  # pixels of a map in the page: a few for each cell, the browser interpolates the rest
STRONGEST = 3  # regions of each side with their score on a small picture, as in the paper's Fig. 3
MOST_FRAMES = 60  # regions of each side that are drawn
MOST_WRITTEN = 24  # regions of each side with their score on the enlarged picture
LARGEST_TEXT = 14.0
SMALLEST_TEXT = 6.0
LETTER = 0.62  # width of a letter, in its size
TEN_ROUNDED = 9.95  # what one decimal writes as 10.0


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph of the page.

    Args:
        key: its number in the page.
        file_name: its name.
        uri: the picture.
        width: of its drawing; the long side is 360 whatever the number of pixels.
        height: likewise.
    """

    key: int
    file_name: str
    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A framed region in units of the drawing.

    Args:
        x: left edge.
        y: upper edge.
        width: to the right.
        height: down.
        text: its score, empty where it is not written.
        speaks: ``for`` the class or ``against`` it.
    """

    x: float
    y: float
    width: float
    height: float
    text: str
    speaks: str


@dataclass(frozen=True, slots=True)
class Side:
    """The regions for a class, or those against it.

    Args:
        strong: frames of the strongest, which always show their score.
        others: frames of the rest.
        count: all regions with a weight.
        of: the cells that show the picture, among which they were chosen.
        total: what they add to the score.
        size: of the scores' letters.
    """

    strong: tuple[Frame, ...]
    others: tuple[Frame, ...]
    count: int
    of: int
    total: float
    size: float


@dataclass(frozen=True, slots=True)
class View:
    """An image as one class sees it.

    Args:
        photo: the photograph.
        class_name: the class.
        map_uri: its signed map.
        top: the regions for it.
        low: the regions against it.
        score: of the image.
        threshold: score from which the class is predicted.
        probability: of the class.
        sentence: what speaks for and against.
        addition: the score as a sum.
        labels: the classes the image is labelled with.
        unknown: the classes nobody said anything about.
    """

    photo: Photo
    class_name: str
    map_uri: str
    top: Side
    low: Side
    score: float
    threshold: float
    probability: float
    sentence: str
    addition: str
    labels: tuple[str, ...]
    unknown: tuple[str, ...]


def make_photo(result: Result, key: int, *, name: str, side: int) -> Photo:
    """Return the page's copy of a photograph, its long side at most ``side`` pixels."""
    return Photo(key, name, photo_uri(shrink(result.reduced(side), side)), *drawn_size(result))


def drawn_size(result: Result) -> tuple[int, int]:
    """Return width and height of an image's drawing, the long side 360."""
    factor = DRAWN_SIDE / max(result.width, result.height)
    width, height = (max(1, round(extent * factor)) for extent in (result.width, result.height))
    return width, height


def make_view(
    result: Result, photo: Photo, class_name: str, *, labels: Sequence[str] = (), unknown: Sequence[str] = ()
) -> View:
    """Return what one class sees in an image.

    Args:
        result: of the image.
        photo: the page's copy of it.
        class_name: the class.
        labels: the classes the image is labelled with.
        unknown: the classes nobody labelled.
    """
    evidence = result.evidence(class_name)
    factor = MAP_SIDE / max(photo.width, photo.height)
    size = (max(1, round(photo.height * factor)), max(1, round(photo.width * factor)))
    top, low = _sides(result, photo, evidence)
    return View(
        photo=photo,
        class_name=class_name,
        map_uri=map_uri(result.heatmap(class_name, size=size), scale=result.decision.map_scale),
        top=top,
        low=low,
        score=evidence.score,
        threshold=result.decision.thresholds.get(class_name, 0.0),
        probability=result.probabilities[class_name],
        sentence=describe_class(result, evidence),
        addition=_sum_in_short(evidence),
        labels=tuple(labels),
        unknown=tuple(unknown),
    )


def _sum_in_short(evidence: Evidence) -> str:
    """Return the addition without the class name, which stands above it anyway."""
    return addition_table(evidence, rows=STRONGEST).split("\n", 1)[1]


def _sides(result: Result, photo: Photo, evidence: Evidence) -> tuple[Side, Side]:
    """Return both sides, every score written in one size: what fits the longest of them into a whole cell."""
    scale = (photo.width / result.width, photo.height / result.height)
    written = (*evidence.top[:MOST_WRITTEN], *evidence.low[:MOST_WRITTEN])
    longest = max(len(_text(region)) for region in written)
    width, height = (max(_extent(region, axis) for region in written) * scale[axis] for axis in (0, 1))
    size = round(min(LARGEST_TEXT, width / (LETTER * longest + 0.5), height / 1.3), 1)
    top, low = (
        _side(regions, total, result.regions, scale, size)
        for regions, total in ((evidence.top, evidence.top_sum), (evidence.low, evidence.low_sum))
    )
    return top, low


def _side(regions: Sequence[Region], total: float, of: int, scale: tuple[float, float], size: float) -> Side:
    frames = [_frame(region, scale, size, rank) for rank, region in enumerate(regions[:MOST_FRAMES])]
    return Side(tuple(frames[:STRONGEST]), tuple(frames[STRONGEST:]), len(regions), of, total, size)


def _frame(region: Region, scale: tuple[float, float], size: float, rank: int) -> Frame:
    text = _text(region)
    width, height = (_extent(region, axis) * scale[axis] for axis in (0, 1))
    fits = size >= SMALLEST_TEXT and width >= LETTER * len(text) * size and height >= size
    shown = text if rank < STRONGEST or (rank < MOST_WRITTEN and fits) else ""
    x, y = (round(region.box[axis] * scale[axis], 1) for axis in (0, 1))
    return Frame(x, y, round(width, 1), round(height, 1), shown, region.speaks)


def _text(region: Region) -> str:
    """Return a score with one decimal where it is below ten, with none above: short enough for a cell."""
    decimals = 1 if abs(region.score) < TEN_ROUNDED else 0
    return f"{region.score:+.{decimals}f}".replace("-", "−")


def _extent(region: Region, axis: int) -> float:
    return region.box[axis + 2] - region.box[axis]
