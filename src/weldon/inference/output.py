"""A result as rows of a table and as one JSON record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from weldon.data.formats.annotation import ImageAnnotation, Keypoint
from weldon.data.record import Box
from weldon.inference.result import Result

LONG_COLUMNS = ("file_name", "class", "score", "probability", "predicted", "x", "y", "point_score")


def long_rows(result: Result) -> list[list[str]]:
    """Return a row for each class, in :data:`LONG_COLUMNS`, in the order of the classes."""
    rows = []
    for name in result.classes:
        point = result.point(name)
        predicted = str(int(name in result.labels))
        numbers = [f"{result.scores[name]:.6f}", f"{result.probabilities[name]:.6f}", predicted]
        place = [f"{point.x:.1f}", f"{point.y:.1f}", f"{point.score:.6f}"]
        rows.append([result.file_name, name, *numbers, *place])
    return rows


def wide_columns(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of a table with a row for each image: labels, then a probability for each class."""
    return ("file_name", "labels", *classes)


def wide_row(result: Result) -> list[str]:
    """Return one row in :func:`wide_columns`; labels are joined by ``|``, best first."""
    chances = [f"{result.probabilities[name]:.6f}" for name in result.classes]
    return [result.file_name, "|".join(result.labels), *chances]


def json_record(result: Result, *, box_threshold: float | None = None) -> dict[str, Any]:
    """Return everything about an image as plain values.

    Scores, probabilities and points are of all classes; boxes and evidence of the predicted ones, or of
    the best where none is predicted.

    Args:
        result: of the image.
        box_threshold: as :meth:`Result.boxes` takes it; None takes the run's.
    """
    boxes = [box for name in result.shown for box in result.boxes(name, threshold=box_threshold)]
    record = {
        "file_name": result.file_name,
        "width": result.width,
        "height": result.height,
        "labels": result.labels,
        "scores": result.scores,
        "probabilities": result.probabilities,
        "points": {name: asdict(result.point(name)) for name in result.classes},
        "boxes": [box_record(result, box) for box in boxes],
        "evidence": {name: result.evidence(name).to_dict() for name in result.shown},
    }
    rounded: dict[str, Any] = rounded_values(record)
    return rounded


def box_record(result: Result, box: Box) -> dict[str, Any]:
    """Return a box as plain values: ``score`` is the highest value inside, ``confidence`` is in 0 to 1."""
    corners = {name: getattr(box, name) for name in ("x1", "y1", "x2", "y2")}
    return {"label": box.label, **corners, "score": box.score, "confidence": box_confidence(result, box)}


def box_confidence(result: Result, box: Box) -> float:
    """Return how sure a box is, 0 to 1: its class's probability times its peak as a share of the range.

    The box with the highest cell has the probability of the class, the others less.
    """
    values = result.inner_map(box.label)
    low, high = float(values.min()), float(values.max())
    share = 1.0 if high <= low or box.score is None else (box.score - low) / (high - low)
    return result.probabilities[box.label] * min(1.0, max(0.0, share))


def rounded_values(value: Any, *, decimals: int = 6) -> Any:
    """Return nested plain values with floats rounded.

    Example:
        >>> rounded_values({"a": [1.23456789, "b"]}, decimals=2)
        {'a': [1.23, 'b']}
    """
    if isinstance(value, dict):
        return {key: rounded_values(item, decimals=decimals) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded_values(item, decimals=decimals) for item in value]
    return round(value, decimals) if isinstance(value, float) else value


def to_annotation(
    result: Result,
    *,
    points: bool = False,
    boxes: bool = False,
    masks: Mapping[str, Any] | None = None,
    box_threshold: float | None = None,
) -> ImageAnnotation:
    """Return what is predicted about an image as one annotation, every score in 0 to 1.

    Args:
        result: of the image.
        points: a point for each predicted class, scored with the class's probability.
        boxes: the boxes of each predicted class, scored with :func:`weldon.inference.output.box_confidence`.
        masks: options of :meth:`Result.mask` to add the mask; None adds none.
        box_threshold: as :meth:`Result.boxes` takes it; None takes the run's.
    """
    found = (
        [box for name in result.labels for box in result.boxes(name, threshold=box_threshold)]
        if boxes
        else []
    )
    return ImageAnnotation(
        file_name=result.file_name,
        width=result.width,
        height=result.height,
        boxes=tuple(replace(box, score=box_confidence(result, box)) for box in found),
        labels=tuple(result.labels),
        scores={name: result.probabilities[name] for name in result.labels},
        points=tuple(_keypoint(result, name) for name in result.labels) if points else (),
        mask=None if masks is None else result.mask(**masks),
    )


def _keypoint(result: Result, class_name: str) -> Keypoint:
    point = result.point(class_name)
    return Keypoint(class_name, point.x, point.y, score=result.probabilities[class_name])
