"""Write the page of ``weldon demo``: the same scenes as each pooling sees them, and what each reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.data import read_labels
from weldon.data.scenes import ROOMS
from weldon.files import write_text
from weldon.inference.loading import load_images
from weldon.inference.predict import Predictor
from weldon.inference.result import Result
from weldon.report.demo import COUNTS, SCHEDULE, DemoRow
from weldon.report.page import render_template
from weldon.report.views import Photo, View, make_photo, make_view
from weldon.report.write_report import write_report

SCENES_SHOWN = 4
LOOKED_AT = 60  # scenes to choose from
# What each pooling of the demo makes of the regions, in words.
HOW = {
    "max": "The best region alone is the score. What the others say counts for nothing.",
    "average": "The mean of all regions is the score. The empty ones count as much as the digit.",
    "negative evidence": "The mean of the best regions plus the mean of the lowest, halved. "
    "What belongs to the other room lowers the score.",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one pooling sees in a scene.

    Args:
        name: of the pooling.
        how: it makes a score of regions, in words.
        views: of the digit that is there, and of its look-alike that is not.
    """

    name: str
    how: str
    views: tuple[View, View]


@dataclass(frozen=True, slots=True)
class ShownScene:
    """A scene of the page.

    Args:
        photo: the scene itself.
        labels: the digits in it.
        present: the digit that is shown.
        absent: its look-alike of the other room.
        poolings: what each sees.
    """

    photo: Photo
    labels: Sequence[str]
    present: str
    absent: str
    poolings: Sequence[Seen]


def write_demo_page(out: Path, rows: Sequence[DemoRow]) -> Path:
    """Write ``OUT/index.html``, and the full report of the first run with negative evidence.

    Args:
        out: folder of the demo.
        rows: what each pooling reached.
    """
    evidence = rows[-1].folders[0]
    write_report(evidence)
    page = render_template(
        "demo.html",
        rows=rows,
        scenes=list(_scenes(out, rows)),
        report=(evidence / "report" / "index.html").relative_to(out).as_posix(),
        run=evidence,
        rooms=[", ".join(map(str, room)) for room in ROOMS],
        counts=COUNTS,
        epochs=SCHEDULE["epochs"],
    )
    path = out / "index.html"
    write_text(path, page)
    return path


def _scenes(out: Path, rows: Sequence[DemoRow]) -> Iterator[ShownScene]:
    """Yield the scenes that the last row's network is surest about, as every row's network sees them."""
    records = read_labels(out / "scenes", out / "scenes" / "labels.csv").of_split("test")
    predictors = {row.name: load_images(row.folders[0]) for row in rows}
    judge = predictors[rows[-1].name]
    several = [record for record in records if len(record.labels) > 1][:LOOKED_AT]
    results = [judge.predict_one(record.path) for record in several]
    for key, number in enumerate(surest([r.scores for r in results], [r.labels for r in several])):
        record = several[number]
        yield _shown(key, record.path, sorted(record.labels), results[number], predictors)


def _shown(
    key: int, path: Path, labels: Sequence[str], judged: Result, predictors: Mapping[str, Predictor]
) -> ShownScene:
    present, absent = contrast(judged.scores, frozenset(labels))
    photo = make_photo(judged, key, name=path.name, side=judged.image.width)
    seen = []
    for name, predictor in predictors.items():
        result = predictor.predict_one(path)
        views = [make_view(result, photo, digit, labels=labels) for digit in (present, absent)]
        seen.append(Seen(name, HOW[name], (views[0], views[1])))
    return ShownScene(photo, labels, present, absent, seen)


def surest(scores: Sequence[Mapping[str, float]], labels: Sequence[frozenset[str]]) -> list[int]:
    """Return which images have their surest digit farthest above its look-alike, the farthest first.

    Example:
        >>> surest([{"1": 2.0, "7": 1.5}, {"1": -1.0, "7": 3.0}], [frozenset("1"), frozenset("7")])
        [1, 0]
    """

    def margin(number: int) -> float:
        present, absent = contrast(scores[number], labels[number])
        return scores[number][present] - scores[number][absent]

    return sorted(range(len(scores)), key=margin, reverse=True)[:SCENES_SHOWN]


def contrast(scores: Mapping[str, float], labels: frozenset[str]) -> tuple[str, str]:
    """Return the digit of a scene that scores highest, and its look-alike of the other room.

    Example:
        >>> contrast({"3": 1.0, "4": 2.0}, frozenset("34"))
        ('4', '9')
    """
    present = max(sorted(labels), key=lambda digit: scores[digit])
    room, other = sorted(ROOMS, key=lambda digits: int(present) not in digits)
    return present, str(other[room.index(int(present))])
