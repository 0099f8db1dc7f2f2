"""``weldon demo``: train on scenes that come with the package, and show what each pooling sees."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from weldon.cli.console import print_json, print_table, say


def demo(
    out: Annotated[Path, typer.Option(help="folder for scenes, runs and pictures")] = Path("runs/demo"),
    seeds: Annotated[int, typer.Option(help="runs for each pooling")] = 3,
    show: Annotated[bool, typer.Option("--show/--no-show", help="open the page in a browser")] = True,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Train small networks with max, average and negative-evidence pooling, and compare them."""
    from weldon.report.demo import run_demo
    from weldon.report.demo_page import write_demo_page

    rows = run_demo(out, seeds=range(seeds))
    page = write_demo_page(out, rows)
    if json:
        figures = {row.name: {"map": row.map, "pointwise": row.pointwise} for row in rows}
        print_json({"page": str(page), "rows": figures})
        return
    columns = ["pooling", "mAP", "pointwise", "seconds a run"]
    print_table("test scenes, mean ± deviation over seeds, in %", columns, [row.cells() for row in rows])
    say(f"pictures: {page}")
    say(f"to look, correct labels and train again in a page of its own: weldon serve {rows[-1].folders[0]}")
    if show and _has_screen():
        typer.launch(str(page))


def _has_screen() -> bool:
    """Say whether a browser could open; on Linux without a display the attempt only prints errors."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
