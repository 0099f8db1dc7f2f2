"""``weldon predict`` for a run on bags: labels, and the scores of every instance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weldon.cli.console import print_json, progress_bar, say
from weldon.errors import UsageError


def predict_bags(
    run: Path,
    data: list[str],
    *,
    out: Path | None,
    wide: bool,
    device: str,
    overwrite: bool,
    json: bool,
    of_images: Mapping[str, Any],
) -> None:
    """Predict bags and write the folder.

    Args:
        run: run directory.
        data: one table or folder of bags.
        out: folder to write; None takes the first free of ``runs/predict``, ….
        wide: a row a bag.
        device: where to compute.
        overwrite: write into a folder with files.
        json: print one JSON object.
        of_images: options that only images have, by flag; those given are refused.
    """
    from weldon.inference import PredictionWriter
    from weldon.inference.bag_predictor import load_bags
    from weldon.inference.output import BAG_TABLES
    from weldon.runs.out_directory import make_free
    from weldon.structured import open_bags

    given = [flag for flag, value in of_images.items() if value]
    if given:
        raise UsageError(f"run {str(run)!r} was trained on bags: leave out {', '.join(given)}")
    if len(data) != 1:
        raise UsageError(f"a run on bags predicts one table or folder at a time, got {len(data)}")
    predictor, opened = load_bags(run, device=device), open_bags(data[0])
    bags, matching = predictor.match(opened)
    notes = (*opened.notes, *matching)
    for note in notes:
        say(note)
    folder = out if out is not None else make_free(Path("runs"), "predict")
    writer = PredictionWriter(folder, predictor.classes, wide=wide, overwrite=overwrite, tables=BAG_TABLES)
    with writer, progress_bar(quiet=json) as progress:
        for result in progress.track(predictor.predict(bags), total=len(bags.paths), description="bags"):
            writer.add(result)
    say(f"{len(bags.paths)} bags in {folder}")
    if json:
        print_json({"out": str(folder), "bags": len(bags.paths), "notes": list(notes)})
