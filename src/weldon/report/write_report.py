"""Write the report of a run: one page that shows what the run knows and where it errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from weldon.data import encode_targets
from weldon.evaluation.selection import pixels_as_trained
from weldon.files import write_text
from weldon.inference.loading import image_predictor
from weldon.metrics import precision_recall_curve
from weldon.models import WeldonNet
from weldon.report.charts import draw_curve, draw_reliability, draw_scores
from weldon.report.class_rows import (
    ClassRow,
    accuracy,
    class_rows,
    confusion_shares,
    label_cooccurrence,
    list_pairs,
    mean_ap,
)
from weldon.report.decisions import Decisions, decide
from weldon.report.examples import ClassPictures, draw_examples, share_out
from weldon.report.page import ClassCharts, Matrix, Page, ReliabilityChart, render_page
from weldon.report.run_facts import describe_run, files_left_out, read_curves
from weldon.report.scored_split import ScoredSplit, score_split
from weldon.report.triples import Triple, draw_triples, read_truth
from weldon.report.views import Photo
from weldon.runs.calibration_file import read_reliability
from weldon.runs.run_directory import RunDirectory, open_run
from weldon.training.inputs.picture_layout import eval_transform

PICTURES = 3
MOST_NAMES = 60  # rows of a matrix that a reader can still take in


def write_report(
    run: RunDirectory | str | Path,
    *,
    split: str = "val",
    limit: int = PICTURES,
    masks: str | Path | None = None,
    crf: bool = False,
    device: str = "auto",
    progress: bool = False,
) -> Path:
    """Write ``RUN/report/index.html``, one file that needs no network, and return its path.

    Args:
        run: a finished run; its images must still be where they were.
        split: the images to report on: ``val``, ``test`` or ``train``.
        limit: pictures of each kind (right, missed, false alarm) a class; with many classes fewer are drawn.
        masks: folder of true masks, indexed PNG named as the images, with ``legend.csv`` where the indices
            are neither VOC's nor the run's; None takes those that the data itself brings.
        crf: refine the predicted masks with the dense CRF.
        device: where to compute; ``auto`` is an accelerator where there is one.
        progress: show progress bars.

    Raises:
        UsageError: no finished run, no images in the split, or an option that cannot be used.
        DataError: the images or labels of the run cannot be read any more.
    """
    directory = run if isinstance(run, RunDirectory) else open_run(run)
    folder = None if masks is None else Path(masks)
    with pixels_as_trained(directory):
        scored = score_split(directory, split, device=device, progress=progress)
        html = render_page(build_page(scored, limit=limit, masks=folder, crf=crf, progress=progress))
    path = directory.report / "index.html"
    write_text(path, html)
    return path


def build_page(
    split: ScoredSplit,
    *,
    limit: int = PICTURES,
    masks: Path | None = None,
    crf: bool = False,
    progress: bool = False,
) -> Page:
    """Gather everything the page prints.

    Args:
        split: the scored images.
        limit: pictures of each kind a class.
        masks: folder of true masks, or None.
        crf: refine the predicted masks.
        progress: show progress bars.
    """
    task, classes = split.decision.task, split.classes
    decisions = decide(split.scores, *split.labels, thresholds=split.thresholds, task=task)
    rows = class_rows(decisions, classes, split.thresholds)
    drawn = draw_pictures(split, decisions, rows, limit=limit, masks=masks, crf=crf, progress=progress)
    single = task == "multiclass"
    return Page(
        title=split.run.path.resolve().name,
        split=split.split,
        task=task,
        noun=split.noun,
        images=len(split.records),
        mean_ap=mean_ap(rows),
        measured=sum(row.positives > 0 for row in rows),
        accuracy=accuracy(decisions) if single else None,
        facts=describe_run(split),
        adds_up=bool(getattr(split.net.pool, "adds_up", False)),
        map_scale=split.decision.map_scale,
        rows=rows,
        charts=_charts(split, decisions),
        pictures=drawn.pictures,
        undrawn=drawn.undrawn,
        photos=drawn.photos,
        matrix=_company(split),
        confusion=_confusion(split, decisions) if single else None,
        triples=drawn.triples,
        reliability=_reliability(split),
        curves=read_curves(split.run.metrics, monitor="val/accuracy" if single else "val/map"),
        left_out=files_left_out(split),
    )


def shares_matrix(shares: Tensor, counts: Tensor, classes: Sequence[str]) -> Matrix:
    """Return a matrix for the page: the classes that have images, at most 60, those with most company first.

    Args:
        shares: ``(C, C)`` in 0-1, rows of NaN for classes without images.
        counts: ``(C,)`` images of each class.
        classes: C names.
    """
    filled = torch.nonzero(~shares.isnan().all(1)).flatten().tolist()
    company = shares.nan_to_num(0.0).fill_diagonal_(0.0).sum(1)
    kept = sorted(sorted(filled, key=lambda row: -float(company[row]))[:MOST_NAMES])
    chosen = shares[kept][:, kept]
    return Matrix(
        names=[classes[row] for row in kept],
        counts=[int(counts[row]) for row in kept],
        shares=chosen.tolist(),
        pairs=list_pairs(shares, counts, classes, limit=8),
        left_out=len(classes) - len(kept),
    )


def _charts(split: ScoredSplit, decisions: Decisions) -> list[ClassCharts]:
    curves = precision_recall_curve(decisions.scores, decisions.target, decisions.known)
    charts = []
    for column, curve in enumerate(curves):
        known = decisions.known[:, column]
        if split.decision.task == "multiclass":
            values, threshold = decisions.margins[known, column], 0.0
        else:
            values, threshold = decisions.scores[known, column], float(split.thresholds[column])
        histogram = draw_scores(values, decisions.present[known, column], threshold)
        charts.append(ClassCharts(draw_curve(curve), histogram))
    return charts


def _reliability(split: ScoredSplit) -> ReliabilityChart | None:
    found = read_reliability(split.run)
    if found is None:
        return None
    before, after = found
    return ReliabilityChart(
        before.error, after.error, draw_reliability(before.curve), draw_reliability(after.curve)
    )


def _company(split: ScoredSplit) -> Matrix:
    target, known = encode_targets(split.training_records, split.classes)
    return shares_matrix(label_cooccurrence(target, known), (target * known).sum(0), split.classes)


def _confusion(split: ScoredSplit, decisions: Decisions) -> Matrix:
    shares = confusion_shares(decisions.target, decisions.predicted)
    return shares_matrix(shares, decisions.target.sum(0), split.classes)


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
