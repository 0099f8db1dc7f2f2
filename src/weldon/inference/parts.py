"""Predict a list of images part by part: what is done stays done, and two processes never write one part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.errors import DataError
from weldon.folder_lock import NumberedLocks
from weldon.inference.part_plan import PartPlan, Shard, clear_own
from weldon.inference.part_table import columns, is_whole, merge_parts, row_of, write_part
from weldon.inference.predict import Predictor

_NAMED = 10


@dataclass
class Done:
    """What a process did with its share.

    Args:
        images: that it looked at, in the parts that it wrote.
        skipped: images of these that it could not read.
        written: parts that it wrote.
        found: parts that were there.
        elsewhere: parts that another process is writing.
    """

    images: int = 0
    skipped: int = 0
    written: int = 0
    found: int = 0
    elsewhere: int = 0


@dataclass(frozen=True)
class Columns:
    """What a row says beside labels, scores and probabilities.

    Args:
        points: a point of each predicted class.
        boxes: the boxes of each predicted class.
        box_threshold: as :meth:`weldon.inference.Result.boxes` takes it.
    """

    points: bool = False
    boxes: bool = False
    box_threshold: float | None = None


def predict_parts(
    plan: PartPlan,
    locks: NumberedLocks,
    shard: Shard,
    predictor: Predictor,
    asked: Columns,
    *,
    progress: Callable[[int], Any] = lambda images: None,
) -> Done:
    """Write the parts of a share that are not there and that no other process is writing.

    Args:
        plan: of the folder.
        locks: of its parts.
        shard: the share.
        predictor: of the run.
        asked: what a row says.
        progress: called with the number of images that are behind us.
    """
    done = Done()
    for number in shard.numbers(plan.parts):
        path, rows = plan.part(number), plan.rows(number)
        with locks.held(number + 1) as mine:
            if is_whole(path, rows, plan.key):  # asked under the lock: it may just have been finished
                done.found += 1
            elif not mine:
                done.elsewhere += 1
            else:
                table = list(_rows(plan, number, predictor, asked))
                write_part(path, table, _schema(predictor.classes, asked), plan.key)
                done.written += 1
                done.images += rows
                done.skipped += len(predictor.skipped)
        progress(rows)
    return done


def _rows(plan: PartPlan, number: int, predictor: Predictor, asked: Columns) -> Iterator[dict[str, Any]]:
    """Yield the row of each image of a part, in the order of the list, also of those that cannot be read."""
    named = plan.named(number)
    read = {
        result.file_name: row_of(result, **vars(asked)) for result in predictor.predict_many(named)
    }  # a few numbers an image: its maps are let go
    reasons = {skipped.file_name: skipped.reason for skipped in predictor.skipped}
    for image in named:
        yield read.get(image.file_name) or {
            "file_name": image.file_name,
            "skipped": reasons[image.file_name],
        }


def missing_parts(plan: PartPlan) -> list[int]:
    """Return the numbers of the parts that are not there, or not whole."""
    return [n for n in range(plan.parts) if not is_whole(plan.part(n), plan.rows(n), plan.key)]


def merge(plan: PartPlan, locks: NumberedLocks, classes: tuple[str, ...], asked: Columns) -> Path:
    """Write all parts into one file and return it; the parts stay.

    Raises:
        DataError: parts are missing, or hold other images than the list.
    """
    if missing := missing_parts(plan):
        listed = ", ".join(str(number) for number in missing[:_NAMED])
        more = ", …" if len(missing) > _NAMED else ""
        raise DataError(
            f"{len(missing)} of {plan.parts} parts are missing in {plan.folder} (number {listed}{more}): "
            "give the command without --merge to write them, and merge when all processes have ended"
        )
    parts = ((plan.part(n), [image.file_name for image in plan.named(n)]) for n in range(plan.parts))
    with locks.held(0, wait=True):
        clear_own(plan.folder)
        merge_parts(plan.merged, parts, _schema(classes, asked), plan.key)
    return plan.merged


def _schema(classes: tuple[str, ...], asked: Columns) -> Any:
    return columns(classes, points=asked.points, boxes=asked.boxes)
