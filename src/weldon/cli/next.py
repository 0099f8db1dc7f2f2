"""``weldon next``: which pictures to label next, unsure ones that are unlike each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weldon.cli.console import print_json, print_table, say
from weldon.cli.max_pixels import MaxPixels
from weldon.counted import counted
from weldon.device import HELP as DEVICE_HELP

SHOWN = 10  # images that are printed


def next_images(
    run: Annotated[Path, typer.Argument(help="run directory")],
    unlabelled: Annotated[list[str], typer.Argument(help="files, folders, patterns or text lists")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="images to choose")] = 50,
    out: Annotated[
        Path | None, typer.Option(help="table to write [here, first free of runs/next.csv, …]")
    ] = None,
    device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace the table")] = False,
    max_pixels: MaxPixels = None,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Choose the pictures to label next: the run is unsure of them, and they are unlike each other."""
    from weldon.review.label_next import next_images as choose
    from weldon.review.label_next import write_next
    from weldon.runs.claim import table_path

    table = table_path(out, "next", overwrite=overwrite)
    found = choose(run, unlabelled, count=count, device=device)
    write_next(table, found)
    if json:
        print_json({"out": str(table), "images": [image.to_dict() for image in found]})
        return
    rows = [
        [str(image.rank), image.file_name, f"{image.uncertainty:.2f}", f"{image.distance:.2f}", image.nearest]
        for image in found[:SHOWN]
    ]
    print_table(
        f"{counted(len(found), 'picture')} to label next",
        ["rank", "file", "unsure", "distance", "nearest"],
        rows,
    )
    say(f"table: {table}")
