"""Label Studio's exports, JSON and JSON-MIN, as annotations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from weldon.data.formats.annotation import AnnotationFormat, AnnotationSet, ImageAnnotation
from weldon.data.formats.labelstudio import CONTROLS, local_prefix, write_labelstudio
from weldon.data.formats.labelstudio_answer import TAXONOMY, UNDRAWN, Answer, Json, Taxonomy
from weldon.data.formats.labelstudio_tasks import (
    class_names,
    file_name_of,
    full_tasks,
    image_url,
    is_minimal,
    paths_of,
)
from weldon.data.formats.left_out import LeftOut
from weldon.data.formats.numbers import shortened
from weldon.errors import DataError
from weldon.files import read_json


def is_labelstudio(content: Any) -> bool:
    """Return whether a JSON document is an export of Label Studio (JSON or JSON-MIN), or tasks for it."""
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and ("data" in first or is_minimal(first))


def read_labelstudio(path: str | Path) -> AnnotationSet:
    """Return the annotations of an export; classes are the sorted names that occur.

    Tasks that nobody annotated, or that everybody skipped, are left out. Where several people annotated one
    image, what all saw is present and what only some saw is unknown; an answer that is marked as ground
    truth counts alone. Turned rectangles become the upright boxes around them; brushes and ellipses name
    their class without a place; a taxonomy's classes are its last levels.

    Raises:
        DataError: no such export, tasks without an image, or answers without their numbers, all listed.
    """
    content = read_json(path)
    if not is_labelstudio(content):
        raise DataError(f"{path} is no Label Studio export: it must be a list of tasks (JSON or JSON-MIN)")
    name = Path(path).name
    if strange := [place for place, task in enumerate(content, start=1) if not isinstance(task, dict)]:
        raise DataError(
            f"{path} is not laid out as Label Studio's exports are: task {strange[0]} is no object"
        )
    notes: tuple[str, ...] = ()
    if is_minimal(content[0]):
        content, controls = full_tasks(content, (*CONTROLS, *UNDRAWN, TAXONOMY))
        if controls:
            named = ", ".join(repr(control) for control in controls)
            notes = (
                f"{name}: the texts under {named} were read as classes; where one is free text, "
                "export JSON in place of JSON-MIN",
            )
    found = _Export(name, content).read()
    return replace(found, notes=notes + found.notes)


class _Export:
    """The tasks of one export as they are read.

    Args:
        name: of the file.
        tasks: as the export *JSON* has them.
    """

    def __init__(self, name: str, tasks: Sequence[Json]) -> None:
        self.name, self.tasks = name, tasks
        self.left = LeftOut(name)
        self.problems: list[str] = []
        self.taxonomy: Taxonomy = {}

    def read(self) -> AnnotationSet:
        """Return all annotations, or raise with all problems."""
        self.taxonomy = class_names(self._paths())
        images = [image for place, task in enumerate(self.tasks, 1) if (image := self._image(task, place))]
        if self.problems:
            raise DataError(
                f"{self.name} is not laid out as Label Studio's exports are; correct these:", self.problems
            )
        bare = len(self.tasks) - len(images)
        notes: tuple[str, ...] = ()
        if bare:
            notes = (f"{bare} of {len(self.tasks)} tasks are not annotated and were left out",)
        if deep := [f"{name!r} is {' / '.join(path)}" for path, name in self.taxonomy.items() if path[1:]]:
            more = ", ..." if deep[10:] else ""
            notes += (f"{self.name}: taxonomies are read by their last level: {', '.join(deep[:10])}{more}",)
        names = {name for image in images for name in (*image.named, *image.unknown)}
        return AnnotationSet(tuple(images), tuple(sorted(names)), notes + self.left.notes())

    def _paths(self) -> Iterable[tuple[str, ...]]:
        """Yield every taxonomy answer of the file; damaged ones are named later, with their task."""
        for task in self.tasks:
            try:
                for result in (result for answer in _answers(task) for result in answer):
                    yield from paths_of(result["value"][TAXONOMY]) if TAXONOMY in result["value"] else ()
            except (KeyError, TypeError, AttributeError):
                continue

    def _image(self, task: Json, place: int) -> ImageAnnotation | None:
        where = f"task {shortened(task.get('id', place))}"
        data = task.get("data")
        url = image_url(data) if isinstance(data, dict) else None
        if url is None:
            self.problems.append(f"{self.name}, {where}: no image in its data")
            return None
        try:
            if any(entry.get("was_cancelled") for entry in _annotations(task)):
                self.left.add("tasks were skipped by an annotator, whose answer does not count", where)
            answers = _answers(task)
            if not answers:
                return None
            if len(answers) > 1:
                what = "tasks were annotated by several people: what only some saw is unknown"
                self.left.add(what, where)
            return _agreed(
                [
                    Answer(where, self.left).add(results).of(file_name_of(url), self.taxonomy)
                    for results in answers
                ]
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"no {error}" if isinstance(error, KeyError) else str(error)
            self.problems.append(f"{self.name}, {where}: an answer cannot be read: {said}")
            return None


def _annotations(task: Json) -> list[Json]:
    """Return what people did with a task; older exports say ``completions``."""
    return list(task.get("annotations") or task.get("completions") or [])


def _answers(task: Json) -> list[list[Json]]:
    """Return the results of each person who annotated a task."""
    done = [entry for entry in _annotations(task) if not entry.get("was_cancelled")]
    truth = [entry for entry in done if entry.get("ground_truth")]
    return [entry.get("result") or [] for entry in truth or done]


def _agreed(each: Sequence[ImageAnnotation]) -> ImageAnnotation:
    """Return one annotation: what all people saw is present, what only some saw is unknown."""
    votes = Counter(label for image in each for label in image.named)
    disputed = {label for label, count in votes.items() if count < len(each)}
    disputed |= {label for image in each for label in image.unknown} - set(votes)
    first = next((image for image in each if image.width), each[0])
    return ImageAnnotation(
        first.file_name,
        first.width,
        first.height,
        boxes=tuple(box for box in each[0].boxes if box.label not in disputed),
        labels=tuple(label for label in each[0].labels if label not in disputed),
        points=tuple(point for point in each[0].points if point.label not in disputed),
        polygons=tuple(polygon for polygon in each[0].polygons if polygon.label not in disputed),
        unknown=tuple(sorted(disputed)),
        partial=any(image.partial for image in each),
    )


FORMAT = AnnotationFormat(
    write=lambda folder, images, classes, photos: write_labelstudio(
        folder / "labelstudio", images, classes, prefix=local_prefix(photos)
    ),
    read=read_labelstudio,
    called="a Label Studio export (.json)",
    endings=(".json",),
    holds=lambda candidate: is_labelstudio(candidate.content),
)
