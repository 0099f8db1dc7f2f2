"""What a request asks about a picture, and the answer as plain values, also as the page draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from starlette.datastructures import QueryParams

from weldon.choice import unknown_name
from weldon.errors import UsageError
from weldon.inference.output import box_record, image_record, rounded_values
from weldon.inference.result import Result
from weldon.report.data_uri import map_uri, photo_uri, shrink
from weldon.report.views import MAP_SIDE, Photo, drawn_size, make_view

Json = dict[str, Any]
DEFAULT_PARTS = ("points", "boxes", "evidence")
MOST_CLASSES = 50  # in one answer, each with its evidence or map
PHOTO_SIDE = 1280  # pixels of the long side
MOST_CELLS = 200_000  # values of all maps in one answer


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted.

    Args:
        classes: those to explain; empty: the predicted ones, else the best.
        versus: a rival of each, or None.
        parts: of :data:`PARTS`.
        unseen: by a head that did not learn from the picture, where there is one.
    """

    classes: tuple[str, ...] = ()
    versus: str | None = None
    parts: frozenset[str] = frozenset(DEFAULT_PARTS)
    unseen: bool = False


def read_asked(query: QueryParams, classes: Sequence[str]) -> Asked:
    """Return what the query of a request asks for.

    Args:
        query: ``class`` (several times), ``versus``, ``parts`` separated by commas, and ``unseen``.
        classes: of the run.

    Raises:
        UsageError: no such class or part; the message lists them.
    """
    wanted = tuple(dict.fromkeys(query.getlist("class")))
    versus = query.get("versus")
    for name in (*wanted, *([] if versus is None else [versus])):
        if name not in classes:
            raise unknown_name("class", name, classes)
    if len(wanted) > MOST_CLASSES:
        raise UsageError(f"class may be given {MOST_CLASSES} times, got {len(wanted)}")
    parts = [part.strip() for part in query.get("parts", ",".join(DEFAULT_PARTS)).split(",")]
    if strange := [part for part in parts if part and part not in PARTS]:
        raise UsageError(f"parts must be among {', '.join(PARTS)}, got {strange[0][:100]!r}")
    return Asked(wanted, versus, frozenset(filter(None, parts)), query.get("unseen") == "1")


def answer(result: Result, asked: Asked) -> Json:
    """Return everything that was asked about an image.

    Args:
        result: of the image.
        asked: classes and parts.
    """
    shown = (asked.classes or tuple(result.shown))[:MOST_CLASSES]
    record = image_record(result)
    for part, make in PARTS.items():
        if part in asked.parts:
            record[part] = make(result, shown)
    if asked.versus is not None:
        record["contests"] = {
            name: result.explain(name, versus=asked.versus).sentence()
            for name in shown
            if name != asked.versus
        }
    rounded: Json = rounded_values(record)
    return rounded


def _points(result: Result, shown: tuple[str, ...]) -> Json:
    return {name: asdict(result.point(name)) for name in shown}


def _boxes(result: Result, shown: tuple[str, ...]) -> list[Json]:
    return [box_record(result, box) for name in shown for box in result.boxes(name)]


def _evidence(result: Result, shown: tuple[str, ...]) -> Json:
    return {
        name: {**result.evidence(name).to_dict(), "sentence": result.explain(name).sentence()}
        for name in shown
    }


def _heatmaps(result: Result, shown: tuple[str, ...]) -> Json:
    """Return each signed map as a small PNG, transparent at zero, on the run's one scale."""
    factor = MAP_SIDE / max(result.width, result.height)
    size = (max(1, round(result.height * factor)), max(1, round(result.width * factor)))
    scale = result.decision.map_scale
    return {name: map_uri(result.heatmap(name, size=size), scale=scale) for name in shown}


def _maps(result: Result, shown: tuple[str, ...]) -> Json:
    """Return the cells on the picture, of the classes shown and then of those that score highest."""
    rows, columns = result.geometry.real_cells(result.grid)
    most = max(1, MOST_CELLS // (rows * columns))
    ranked = sorted(result.scores, key=lambda name: -result.scores[name])
    chosen = list(dict.fromkeys([*shown, *ranked]))[:most]
    return {name: rounded_values(result.inner_map(name).tolist(), decimals=3) for name in chosen}


def _photo(result: Result, shown: tuple[str, ...]) -> str:
    """Return the picture as it was read, which a browser need not be able to: DICOM, TIFF, 16 bits."""
    return photo_uri(shrink(result.reduced(PHOTO_SIDE), PHOTO_SIDE))


def _views(result: Result, shown: tuple[str, ...]) -> Json:
    """Return what the page draws of each class, in units of a drawing whose long side is 360."""
    width, height = drawn_size(result)
    photo = Photo(0, result.file_name, "", width, height)
    return {
        name: asdict(make_view(result, photo, name)) | {"cell": _cell(result, width, height)}
        for name in shown
    }


def _cell(result: Result, width: int, height: int) -> list[float]:
    """Return width and height of one cell of the maps, in units of the drawing."""
    rows, columns = result.grid
    geometry = result.geometry
    across = geometry.canvas[0] / columns / geometry.scale_x * width / result.width
    down = geometry.canvas[1] / rows / geometry.scale_y * height / result.height
    return [across, down]


PARTS = {
    "points": _points,
    "boxes": _boxes,
    "evidence": _evidence,
    "heatmaps": _heatmaps,
    "maps": _maps,
    "photo": _photo,
    "views": _views,
}
