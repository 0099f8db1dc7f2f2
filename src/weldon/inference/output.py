"""Results of images and of bags as rows of tables, as JSON records and as annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from weldon.data.formats.annotation import ImageAnnotation, Keypoint
from weldon.data.record import Box
from weldon.inference.evidence import RegionResult
from weldon.inference.result import Result

if TYPE_CHECKING:
    from weldon.inference.bag_predictor import BagResult

Answer = TypeVar("Answer", bound=RegionResult[Any])


@dataclass(frozen=True)
class Tables(Generic[Answer]):
    """How results of one kind stand in the files of predictions.

    Args:
        key: column that names the image or the bag.
        place_columns: further columns of the table with a row a class.
        place_cells: what stands in them, of a result and a class.
        record: everything about a result as plain values.
        region_rows: rows of ``instances.csv``: every region and its score for each class; None: no such file.
    """

    key: str
    place_columns: tuple[str, ...]
    place_cells: Callable[[Answer, str], list[str]]
    record: Callable[..., dict[str, Any]]
    region_rows: Callable[[Answer], list[list[str]]] | None = None

    @property
    def long_columns(self) -> tuple[str, ...]:
        """The columns of a table with a row a class."""
        return (self.key, "class", "score", "probability", "predicted", *self.place_columns)

    def long_rows(self, result: Answer) -> list[list[str]]:
        """Return a row for each class, in the order of the classes."""
        rows = []
        for name in result.classes:
            predicted = str(int(name in result.labels))
            numbers = [f"{result.scores[name]:.6f}", f"{result.probabilities[name]:.6f}", predicted]
            rows.append([result.name, name, *numbers, *self.place_cells(result, name)])
        return rows

    def wide_columns(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns of a table with a row a result: labels, then a probability for each class."""
        return (self.key, "labels", *classes)

    def wide_row(self, result: Answer) -> list[str]:
        """Return one row in :meth:`wide_columns`; labels are joined by ``|``, best first."""
        chances = [f"{result.probabilities[name]:.6f}" for name in result.classes]
        return [result.name, "|".join(result.labels), *chances]


def _point_cells(result: Result, class_name: str) -> list[str]:
    point = result.point(class_name)
    return [f"{point.x:.1f}", f"{point.y:.1f}", f"{point.score:.6f}"]


def image_record(result: Result) -> dict[str, Any]:
    """Return what every record of an image begins with: name, size, labels, scores, probabilities."""
    return {
        "file_name": result.file_name,
        "width": result.width,
        "height": result.height,
        "labels": result.labels,
        "scores": result.scores,
        "probabilities": result.probabilities,
    }


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
        **image_record(result),
        "points": {name: asdict(result.point(name)) for name in result.classes},
        "boxes": [box_record(result, box) for box in boxes],
        "evidence": {name: result.evidence(name).to_dict() for name in result.shown},
    }
    rounded: dict[str, Any] = rounded_values(record)
    return rounded


def bag_record(result: BagResult, *, box_threshold: float | None = None) -> dict[str, Any]:
    """Return everything about a bag as plain values, with the evidence of the classes it shows.

    Args:
        result: of the bag.
        box_threshold: of no effect: a bag has no boxes.
    """
    record = {
        "bag": result.name,
        "instances": len(result.instances),
        "labels": result.labels,
        "scores": result.scores,
        "probabilities": result.probabilities,
        "evidence": {name: result.evidence(name).to_dict() for name in result.shown},
    }
    rounded: dict[str, Any] = rounded_values(record)
    return rounded


def instance_rows(result: BagResult) -> list[list[str]]:
    """Return a row an instance: its score for each class."""
    return [
        [result.name, instance, *(f"{score:.6f}" for score in scores)]
        for instance, scores in zip(result.instances, result.class_maps.T.tolist(), strict=True)
    ]


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


IMAGE_TABLES = Tables("file_name", ("x", "y", "point_score"), _point_cells, json_record)
BAG_TABLES: Tables[BagResult] = Tables("bag", (), lambda result, name: [], bag_record, instance_rows)
