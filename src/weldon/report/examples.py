"""Choose and draw the pictures of each class, with one forward pass an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from weldon.errors import UsageError
from weldon.inference.image_list import NamedImage
from weldon.inference.predict import Predictor
from weldon.inference.result import Result
from weldon.inference.wording import describe_contest
from weldon.progress import tracked
from weldon.report.decisions import ClassExamples, Decisions, choose_examples, names_where, strongest_rival
from weldon.report.scored_split import ScoredSplit
from weldon.report.views import Photo, View, make_photo, make_view

MOST_VIEWS = 300  # pictures in one page
PHOTO_SIDE = 360
MANY_PHOTOS = 160
SMALL_PHOTO_SIDE = 260
Cell: TypeAlias = tuple[int, int]  # row of the image, column of the class


@dataclass(frozen=True, slots=True)
class Contest:
    """Why not: a class against its strongest rival on one image (Fig. 1).

    Args:
        view: the class, which is in the picture.
        rival: a class that is not.
        sentence: where the difference of their scores comes from.
        missed: whether the class was missed there.
    """

    view: View
    rival: View
    sentence: str
    missed: bool


@dataclass(frozen=True, slots=True)
class ClassPictures:
    """What the page shows of one class.

    Args:
        column: position of the class.
        name: of the class.
        right: surest right scorer.
        missed: worst misses.
        alarms: worst false alarms.
        counts: how many of each kind there are.
        contest: the class against a rival, or None.
    """

    column: int
    name: str
    right: tuple[View, ...]
    missed: tuple[View, ...]
    alarms: tuple[View, ...]
    counts: tuple[int, int, int]
    contest: Contest | None


def share_out(limit: int, shown: Sequence[int]) -> tuple[int, Sequence[int]]:
    """Return how many pictures of each kind fit a class, and the classes that fit at all.

    Args:
        limit: wanted pictures of each of the three kinds.
        shown: classes in the order of their interest.

    Example:
        >>> share_out(3, range(20))[0], share_out(3, range(80))[0], len(share_out(3, range(1000))[1])
        (3, 1, 100)
    """
    if limit < 0:
        raise UsageError(f"limit must be at least 0, got {limit!r}")
    if not shown:
        return limit, shown
    each = min(limit, max(1, MOST_VIEWS // (3 * len(shown))))
    return each, shown[: MOST_VIEWS // max(1, 3 * each)]


def draw_examples(
    split: ScoredSplit,
    decisions: Decisions,
    columns: Sequence[int],
    predictor: Predictor,
    *,
    limit: int,
    progress: bool = False,
) -> tuple[list[ClassPictures], list[Photo]]:
    """Return the pictures of each class of ``columns`` and the photographs they share.

    Args:
        split: the scored images.
        decisions: what the run decided about them.
        columns: classes to draw.
        predictor: the run.
        limit: pictures of each kind.
        progress: show a progress bar.
    """
    plans = [_plan(decisions, column, limit) for column in columns]
    drawn = _Drawn()
    rows = sorted({row for plan in plans for row, _ in plan.cells})
    side = PHOTO_SIDE if len(rows) <= MANY_PHOTOS else SMALL_PHOTO_SIDE
    results = _predict_rows(split, rows, predictor)
    for row, result in tracked(results, "drawing", len(rows), shown=progress):
        photo = make_photo(result, len(drawn.photos), name=split.records[row].file_name, side=side)
        drawn.photos.append(photo)
        labels = names_where(decisions.present[row], split.classes)
        unknown = names_where(~decisions.known[row], split.classes)
        for plan in plans:
            drawn.add(plan, row, result, photo, labels=labels, unknown=unknown)
    return [drawn.collect(plan, split.classes[plan.column]) for plan in plans], drawn.photos


@dataclass(frozen=True, slots=True)
class _Plan:
    """The images of one class, and the one (row, rival) that is drawn against a rival."""

    column: int
    examples: ClassExamples
    contest: Cell | None

    @property
    def cells(self) -> list[Cell]:
        """Every image and class to draw."""
        cells = [(row, self.column) for row in self.examples.rows]
        return cells if self.contest is None else [*cells, self.contest, (self.contest[0], self.column)]


def _plan(decisions: Decisions, column: int, limit: int) -> _Plan:
    """Choose the examples; the rival is drawn on the worst miss, or without one on the surest answer."""
    examples = choose_examples(decisions, column, limit=limit)
    for row in examples.missed[:1] + examples.right[:1]:
        rival = strongest_rival(decisions, row, column)
        if rival is not None:
            return _Plan(column, examples, (row, rival))
    return _Plan(column, examples, None)


def _predict_rows(
    split: ScoredSplit, rows: Sequence[int], predictor: Predictor
) -> Iterator[tuple[int, Result]]:
    if rows:
        images = [NamedImage(split.records[row].path, str(row)) for row in rows]
        for result in predictor.predict_many(images):
            yield int(result.file_name), result


@dataclass(frozen=True)
class _Drawn:
    """What has been drawn so far; the results themselves, with the maps of all classes, are not kept."""

    photos: list[Photo] = field(default_factory=list)
    views: dict[Cell, View] = field(default_factory=dict)
    sentences: dict[Cell, str] = field(default_factory=dict)

    def add(
        self,
        plan: _Plan,
        row: int,
        result: Result,
        photo: Photo,
        *,
        labels: Sequence[str],
        unknown: Sequence[str],
    ) -> None:
        """Draw what a class wants to show of one image."""
        for cell in plan.cells:
            if cell[0] == row and cell not in self.views:
                name = result.classes[cell[1]]
                self.views[cell] = make_view(result, photo, name, labels=labels, unknown=unknown)
        if plan.contest is not None and plan.contest[0] == row:
            name, rival = (result.classes[column] for column in (plan.column, plan.contest[1]))
            sides = (result.evidence(name), result.evidence(rival))
            self.sentences[row, plan.column] = describe_contest(result, *sides)

    def collect(self, plan: _Plan, name: str) -> ClassPictures:
        """Gather the views of a class; an image that could not be read again is left out."""
        examples = plan.examples
        right, missed, alarms = (
            tuple(self.views[row, plan.column] for row in rows if (row, plan.column) in self.views)
            for rows in (examples.right, examples.missed, examples.alarms)
        )
        contest = None
        if plan.contest is not None and plan.contest in self.views:
            cell = (plan.contest[0], plan.column)
            missed_there = cell[0] in examples.missed
            contest = Contest(self.views[cell], self.views[plan.contest], self.sentences[cell], missed_there)
        return ClassPictures(plan.column, name, right, missed, alarms, examples.counts, contest)
