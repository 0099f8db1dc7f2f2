"""``weldon predict --to parquet``: parts that several processes share, and that go on after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weldon.cli.console import say
from weldon.cli.predict import PARQUET, PredictOptions, given_flags
from weldon.counted import counted
from weldon.errors import UsageError
from weldon.progress import progress_bar

NOT_OF_PARTS = ("masks", "crf", "heatmaps", "wide", "overwrite")


def predict_to_parts(
    run: Path, sources: list[str], options: PredictOptions, *, progress: bool
) -> dict[str, Any]:
    """Write the parts of this process's share that are missing, or put all parts into one file.

    Raises:
        UsageError: options that Parquet has no place for, or that need ``--out``.
    """
    from weldon.inference import open_run
    from weldon.inference.loading import load_images
    from weldon.inference.part_plan import planned, read_shard
    from weldon.inference.part_table import arrow
    from weldon.inference.parts import Columns, Done, merge, missing_parts, predict_parts

    _refuse_for_parts(options)
    arrow()
    asked = Columns(options.points, options.boxes, options.box_threshold)
    opened = open_run(run)
    predictor = None if options.merge else load_images(run, **options.how)
    with (
        options.folder() as folder,
        planned(folder, opened, sources, vars(asked), options.part_images) as (plan, locks),
    ):
        done = Done()
        if predictor is not None:
            shard = read_shard(options.shard or "1/1")
            total = sum(plan.rows(number) for number in shard.numbers(plan.parts))
            with progress_bar(shown=progress) as bar:
                task = bar.add_task("images", total=total)
                done = predict_parts(
                    plan, locks, shard, predictor, asked, progress=lambda images: bar.advance(task, images)
                )
        missing = missing_parts(plan)
        whole = options.merge or (options.shard is None and not missing)
        merged = merge(plan, locks, opened.class_names, asked) if whole else None
    told = {"out": str(plan.folder), "parts": plan.parts, **vars(done), "missing": len(missing)}
    _say_parts(told, merged)
    return {**told, "merged": None if merged is None else str(merged), "formats": [PARQUET]}


def _refuse_for_parts(options: PredictOptions) -> None:
    if others := given_flags(NOT_OF_PARTS, options):
        raise UsageError(
            f"--to {PARQUET} writes a row an image and goes on by itself: leave out {', '.join(others)}"
        )
    if options.merge and options.shard:
        raise UsageError("--merge puts the parts of all shares into one file: leave out --shard")
    if (options.merge or options.shard) and options.out is None:
        raise UsageError("--shard and --merge need --out, the folder that all processes write into")


def _say_parts(told: dict[str, Any], merged: Path | None) -> None:
    if told["written"]:
        images, parts = counted(told["images"], "image"), counted(told["written"], "part")
        say(f"{images}, {told['skipped']} of them skipped, in {parts}")
    if told["found"]:
        say(f"{counted(told['found'], 'part was', 'parts were')} there already")
    if merged is not None:
        say(f"all {told['parts']} parts are in {merged}")
    elif told["missing"]:
        say(
            f"{told['missing']} of {told['parts']} parts in {told['out']} are missing or with other processes"
        )
    else:
        say(f"all {told['parts']} parts are in {told['out']}; the command with --merge makes them one file")
