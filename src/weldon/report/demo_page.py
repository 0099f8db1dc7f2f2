"""The page of ``weldon demo``: the table, and the same scenes seen by each pooling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from weldon.data import read_labels
from weldon.data.scenes import ROOMS
from weldon.files import write_text
from weldon.inference.predict import load_images
from weldon.report.data_uri import photo_uri
from weldon.report.demo import DemoRow
from weldon.report.paper_figures import evidence_figure
from weldon.report.write_report import write_report

SCENES_SHOWN = 4
LOOKED_AT = 60  # scenes to choose from
PANEL = 300


def write_demo_page(out: Path, rows: Sequence[DemoRow]) -> Path:
    """Write ``OUT/index.html`` with table and pictures, and the full report of the negative-evidence run.

    Args:
        out: folder of the demo.
        rows: what each pooling reached.
    """
    evidence = rows[-1].folders[0]
    write_report(evidence)
    environment = Environment(
        loader=PackageLoader("weldon", "report"), autoescape=select_autoescape(), undefined=StrictUndefined
    )
    page = environment.get_template("demo.html").render(
        rows=[row.cells() for row in rows],
        scenes=list(_scenes(out, rows)),
        report=(evidence / "report" / "index.html").relative_to(out).as_posix(),
        rooms=[", ".join(map(str, room)) for room in ROOMS],
    )
    path = out / "index.html"
    write_text(path, page)
    return path


def _scenes(out: Path, rows: Sequence[DemoRow]) -> Iterator[dict[str, object]]:
    """Yield the scenes that the last row's network is surest about, as every row's network sees them."""
    records = read_labels(out / "scenes", out / "scenes" / "labels.csv").of_split("test")
    predictors = {row.name: load_images(row.folders[0]) for row in rows}
    judge = predictors[rows[-1].name]
    several = [record for record in records if len(record.labels) > 1][:LOOKED_AT]
    results = [judge.predict_one(record.path) for record in several]
    for number in surest([result.scores for result in results], [r.labels for r in several]):
        record = several[number]
        present, absent = contrast(results[number].scores, record.labels)
        yield {
            "title": f"digits {' and '.join(sorted(record.labels))}",
            "panels": [
                {
                    "name": name,
                    "words": f"{present} is there, {absent} is not",
                    "picture": photo_uri(
                        evidence_figure(
                            predictor.predict_one(record.path), [present, absent], regions=2, side=PANEL
                        )
                    ),
                }
                for name, predictor in predictors.items()
            ],
        }


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
