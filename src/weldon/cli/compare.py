"""``weldon compare``: runs side by side on the same images, with the spread of figures and both evidences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weldon.cli.console import print_json, print_table, say
from weldon.cli.max_pixels import MaxPixels
from weldon.counted import counted
from weldon.device import HELP as DEVICE_HELP


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="two run directories or more; the first is compared with")
    ],
    split: Annotated[str, typer.Option(help="images to measure on: val, test or train")] = "val",
    out: Annotated[
        Path | None,
        typer.Option(help="table to write, with a page beside it [here, first free of runs/compare.csv, …]"),
    ] = None,
    pictures: Annotated[int, typer.Option(min=0, help="changed answers of each kind to draw")] = 12,
    draws: Annotated[int, typer.Option(min=2, max=100_000, help="of the images, for the spread")] = 1000,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="of the draws")] = 0,
    device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace the table and the page")] = False,
    max_pixels: MaxPixels = None,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Compare runs: figures with their spread, options that differ, pictures whose answers changed."""
    from weldon.report.compare_page import write_comparison
    from weldon.report.run_comparison import compare_runs
    from weldon.runs.claim import table_path
    from weldon.runs.run_directory import open_run

    table = table_path(out, "compare", overwrite=overwrite, beside=".html")
    opened = [open_run(run) for run in runs]
    compared = compare_runs(opened, split=split, draws=draws, seed=seed, device=device)
    page = table.with_suffix(".html")
    told = write_comparison(page, table, compared, shown=pictures)
    for note in told["notes"]:
        say(note)
    if json:
        print_json({"out": str(table), "page": str(page), **told})
        return
    _show(told)
    say(f"table: {table}")
    say(f"page: {page}")


def _show(told: dict[str, Any]) -> None:
    runs = told["runs"]
    names = [run["name"] for run in runs]
    gains = [f"gain of {name}" for name in names[1:]]
    means = [{"ap": run["map"], "sd": run["sd"], **run.get("difference", {})} for run in runs]
    rows = [["mean", str(told["images"]), *_cells(means)]]
    for name, images in told["positives"].items():
        rows.append([name, str(images), *_cells([run["per_class"][name] for run in runs])])
    print_table(
        "average precision, in %, ± its deviation over draws of the images",
        ["class", "images", *names, *gains],
        rows,
    )
    if told["options"]:
        options = [[name, *values] for name, values in told["options"].items()]
        print_table("options that differ", ["option", *names], options)
    for run in runs[1:]:
        say(
            f"{run['name']}: {counted(run['changed'], 'answer')} changed, {run['now_right']} now right, "
            f"{run['now_wrong']} now wrong"
        )


def _cells(values: list[dict[str, float]]) -> list[str]:
    figures = [f"{100 * one['ap']:.1f} ± {100 * one['sd']:.1f}" for one in values]
    gains = [
        f"{100 * one['gain']:+.1f} ({100 * one['low']:+.1f} to {100 * one['high']:+.1f})"
        for one in values[1:]
    ]
    return [cell.replace("nan", "–") for cell in (*figures, *gains)]
