"""The page of ``weldon demo``: the table, and the same scenes seen by each pooling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from weldon.data import read_labels
from weldon.data.scenes import ROOMS
from weldon.inference import load
from weldon.report.data_uri import photo_uri
from weldon.report.demo import DemoRow
from weldon.report.evidence_figures import evidence_figure
from weldon.report.write import write_report

SCENES_SHOWN = 4
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
    path.write_text(page, encoding="utf-8")
    return path


def _scenes(out: Path, rows: Sequence[DemoRow]) -> Iterator[dict[str, object]]:
    """Yield the first test scenes of two digits: a digit that is there, and one of the other room."""
    records = read_labels(out / "scenes", out / "scenes" / "labels.csv").of_split("test")
    chosen = [record for record in records if len(record.labels) == 2][:SCENES_SHOWN]
    predictors = {row.name: load(row.folders[0]) for row in rows}
    for record in chosen:
        present = min(record.labels)
        room, other = sorted(ROOMS, key=lambda digits: int(present) not in digits)
        absent = str(other[room.index(int(present))])
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
