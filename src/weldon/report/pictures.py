"""Draw all pictures of the page: examples of each class, and masks where there are true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.inference.predict import image_predictor
from weldon.models import WeldonNet
from weldon.report.class_rows import ClassRow
from weldon.report.decisions import Decisions
from weldon.report.examples import ClassPictures, draw_examples, share_out
from weldon.report.scored_split import ScoredSplit
from weldon.report.triples import Triple, draw_triples, read_truth
from weldon.report.views import Photo
from weldon.training.inputs.images import eval_transform


@dataclass(frozen=True)
class PagePictures:
    """The pictures of the page; a run on bags has none.

    Args:
        pictures: of each class.
        photos: the photographs that they and the triples show.
        triples: photograph, true mask, predicted mask.
        undrawn: classes that would deserve pictures and have none.
    """

    pictures: Sequence[ClassPictures] = ()
    photos: Sequence[Photo] = ()
    triples: Sequence[Triple] = ()
    undrawn: int = 0


def draw_pictures(
    split: ScoredSplit,
    decisions: Decisions,
    rows: Sequence[ClassRow],
    *,
    limit: int,
    masks: Path | None,
    crf: bool,
    progress: bool,
) -> PagePictures:
    """Draw what the page shows; arguments as :func:`weldon.report.write_report.build_page`."""
    if not isinstance(split.net, WeldonNet):
        return PagePictures()
    predictor = image_predictor(split.net, split.decision, eval_transform(split.recipe, split.net))
    interesting = columns_of_interest(rows, decisions)
    each, columns = share_out(limit, interesting)
    shown = commonest_first(columns, rows)
    pictures, photos = draw_examples(split, decisions, shown, predictor, limit=each, progress=progress)
    truth = read_truth(split.records, split.classes, folder=masks)
    triples = draw_triples(split.records, truth, predictor, limit=2 * limit, first_key=len(photos), crf=crf)
    everything = [*photos, *(triple.photo for triple in triples)]
    return PagePictures(pictures, everything, triples, len(interesting) - len(columns))


def columns_of_interest(rows: Sequence[ClassRow], decisions: Decisions) -> list[int]:
    """Return the classes that are in an image or predicted in one, the lowest AP first."""
    seen = (decisions.present | (decisions.predicted & decisions.absent)).any(0).tolist()
    columns = [column for column, yes in enumerate(seen) if yes]
    return sorted(columns, key=lambda column: (rows[column].positives == 0, rows[column].ap))


def commonest_first(columns: Sequence[int], rows: Sequence[ClassRow]) -> list[int]:
    """Return the classes in the order of the page: most images first."""
    return sorted(columns, key=lambda column: (-rows[column].positives, column))
