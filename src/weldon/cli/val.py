"""``weldon val``: measure a run on the images it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weldon.cli.console import out, print_json, print_table


def val(
    run: Annotated[Path, typer.Argument(help="run directory; it remembers its data")],
    data: Annotated[Path | None, typer.Argument(help="other labelled images [the run's own]")] = None,
    labels: Annotated[Path | None, typer.Option(help="their table of labels")] = None,
    split: Annotated[str | None, typer.Option(help="which images: train, val or test [val]")] = None,
    boxes: Annotated[Path | None, typer.Option(help="true boxes: COCO json or a folder of VOC XML")] = None,
    min_positives: Annotated[int, typer.Option(help="leave rarer classes out of the means")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps")] = "cpu",
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Measure a run: average precision, accuracy, and where truth is given, localisation."""
    from weldon.training import evaluate

    figures = evaluate(
        run,
        data,
        labels=labels,
        split=split,
        boxes=boxes,
        min_positives=min_positives,
        device=device,
        progress=not json,
    )
    if json:
        print_json(figures)
    else:
        _show(figures)


def _show(figures: dict[str, Any]) -> None:
    rows = [
        [name, str(values["positives"]), "" if values["ap"] != values["ap"] else f"{100 * values['ap']:.1f}"]
        for name, values in figures["per_class"].items()
    ]
    print_table("average precision by class", ["class", "positives", "AP"], rows)
    for name, value in figures.items():
        if isinstance(value, float):
            out.print(f"{name:24} {100 * value:.2f}")
