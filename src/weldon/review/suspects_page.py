"""Write suspect labels as a table that can be filled in, and as a page in the style of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.data.corrections import NEEDED
from weldon.files import write_csv, write_text
from weldon.inference.evidence import Region
from weldon.inference.result import Result
from weldon.report.page import render_template
from weldon.report.views import Photo, View, make_photo, make_view
from weldon.review.suspect_search import Search, Suspect, wrong_range

COLUMNS = (*NEEDED, "rank", "probability", "doubt", "for", "against", "sentence")
REGIONS = 3  # of each side in the table
GROUP = 24  # suspects that open together
SIDE = 300  # pixels of a photograph's long side
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Shown:
    """A suspect and its picture."""

    suspect: Suspect
    view: View


def write_suspects(path: Path, found: Sequence[Suspect]) -> None:
    """Write the table: once its column ``to`` is filled in, ``weldon train --corrections`` reads it.

    Args:
        path: of the CSV file.
        found: a row each.
    """
    write_csv(path, [_row(suspect) for suspect in found], COLUMNS)


def _row(suspect: Suspect) -> dict[str, object]:
    values = (
        suspect.file_name,
        suspect.class_name,
        suspect.given,
        "",
        suspect.rank,
        f"{suspect.probability:.4f}",
        f"{suspect.doubt:.4f}",
        _places(suspect.regions_for),
        _places(suspect.regions_against),
        suspect.sentence,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _places(regions: Sequence[Region]) -> str:
    """Return the strongest regions: left, upper, right and lower edge in pixels, and the score."""
    return "; ".join(
        " ".join([*(f"{edge:.0f}" for edge in region.box), f"{region.score:+.2f}"])
        for region in regions[:REGIONS]
    )


def write_suspects_page(
    path: Path, search: Search, found: Iterable[tuple[Suspect, Result]], *, table: Path
) -> list[Suspect]:
    """Write the page, one file that needs no network, and return the suspects on it.

    Args:
        path: of the page.
        search: where they were found.
        found: the suspects to show, with what the head says about each image.
        table: the CSV file that the page speaks of.
    """
    photos: dict[str, Photo] = {}
    shown = [Shown(suspect, _view(search, suspect, result, photos)) for suspect, result in found]
    *notes, looked_at = search.maps.notes
    page = render_template(
        "suspects.html",
        HERE,
        title=search.maps.run.path.resolve().name,
        table=table.name,
        found=len(search.cells()),
        shown=len(shown),
        wrong=wrong_range(search.expected),
        rates=search.rates,
        asked=int(search.asked().sum()),
        images=len(search.maps.records),
        folds=len(search.fit.heads),
        facts=[*(("note", note) for note in notes), ("looked at", looked_at)],
        map_scale=search.map_scale,
        groups=[shown[start : start + GROUP] for start in range(0, len(shown), GROUP)],
        photos=list(photos.values()),
    )
    write_text(path, page)
    return [item.suspect for item in shown]


def _view(search: Search, suspect: Suspect, result: Result, photos: dict[str, Photo]) -> View:
    key = str(suspect.path)
    if key not in photos:
        photos[key] = make_photo(result, len(photos), name=suspect.file_name, side=SIDE)
    record = search.record_of(suspect)
    return make_view(
        result,
        photos[key],
        suspect.class_name,
        labels=sorted(record.labels),
        unknown=sorted(record.unknown),
    )
