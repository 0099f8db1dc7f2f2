"""``weldon suspects``: labels that the run contradicts, worst first, with the regions for and against."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weldon.cli.console import print_json, print_table, say
from weldon.cli.max_pixels import MaxPixels
from weldon.counted import counted
from weldon.device import HELP as DEVICE_HELP
from weldon.progress import tracked

SHOWN = 10  # suspects that are printed


def suspects(
    run: Annotated[Path, typer.Argument(help="run directory")],
    folds: Annotated[int, typer.Option(min=2, max=1000, help="parts that are judged by the others")] = 5,
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="suspects to list")] = 200,
    out: Annotated[
        Path | None,
        typer.Option(help="table to write, with a page beside it [here, first free of runs/suspects.csv, …]"),
    ] = None,
    corrections: Annotated[
        Path | None,
        typer.Option(help="table of corrections: what it speaks of is no suspect [those made on the page]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="of the folds and the heads")] = 0,
    device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace the table and the page")] = False,
    max_pixels: MaxPixels = None,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Find labels that are probably wrong: each image is judged by a head that did not learn from it."""
    from weldon.review.suspect_search import search_suspects, wrong_range
    from weldon.review.suspects_page import write_suspects, write_suspects_page
    from weldon.runs.claim import table_path
    from weldon.runs.run_directory import open_run

    directory = open_run(run)
    table = table_path(out, "suspects", overwrite=overwrite, beside=".html")
    search = search_suspects(directory, folds=folds, corrections=corrections, seed=seed, device=device)
    for note in search.maps.notes:
        say(note)
    total, wrong = len(search.cells()), wrong_range(search.expected)
    pictures = tracked(search.suspects(most), "drawing", min(most, total))
    found = write_suspects_page(table.with_suffix(".html"), search, pictures, table=table)
    write_suspects(table, found)
    if json:
        values = [suspect.to_dict() for suspect in found]
        print_json(
            {
                "out": str(table),
                "total": total,
                "expected": search.expected,
                "expected_range": wrong,
                "notes": search.maps.notes,
                "suspects": values,
            }
        )
        return
    rows = [
        [str(s.rank), s.file_name, s.class_name, s.given, f"{s.probability:.2f}", f"{s.doubt:.2f}"]
        for s in found[:SHOWN]
    ]
    print_table(
        f"{counted(total, 'label')} contradicted"
        + (f", perhaps {wrong[0]} to {wrong[1]} wrong" if wrong else ""),
        ["rank", "file", "class", "labelled", "probability", "wrong"],
        rows,
    )
    if total > len(rows):
        say(f"and {total - len(rows)} more in the table")
    say(f"table: {table}; fill in its column `to` and train with --corrections {table}")
    say(f"page: {table.with_suffix('.html')}")
