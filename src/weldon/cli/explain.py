"""``weldon explain``: show the regions for and against a class, and write out the sum."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weldon.choice import unknown_name
from weldon.cli.console import out as console
from weldon.cli.console import print_json, say
from weldon.cli.max_pixels import MaxPixels
from weldon.device import HELP as DEVICE_HELP
from weldon.errors import UsageError
from weldon.runs.run_directory import open_run


def explain(
    run: Annotated[Path, typer.Argument(help="run directory")],
    image: Annotated[Path, typer.Argument(help="one picture")],
    class_name: Annotated[str, typer.Option("--class", help="the class to explain")],
    versus: Annotated[str | None, typer.Option(help="a rival class: why this and not that")] = None,
    out: Annotated[Path | None, typer.Option(help="picture to write [IMAGE.CLASS.png here]")] = None,
    rows: Annotated[
        int, typer.Option(min=0, max=10**9, help="regions to list on each side; 0 lists all")
    ] = 5,
    device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace the picture")] = False,
    max_pixels: MaxPixels = None,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Explain one answer: what speaks for it, what against, and how the parts add up to the score."""
    classes = open_run(run).class_names
    for name in (class_name, class_name if versus is None else versus):
        if name not in classes:
            raise unknown_name("class", name, classes)  # at once: what does the work takes seconds to load
    from weldon.data.image import check_picture_name, write_picture

    named = f"{image.stem}.{class_name}" + (f".versus.{versus}" if versus else "")
    picture = out if out is not None else Path(f"{named.replace('/', '-')}.png")
    check_picture_name(picture)
    if picture.exists() and not overwrite:
        raise UsageError(f"out {str(picture)!r} exists: choose another with --out, or use --overwrite")
    from weldon.inference.loading import load_images

    explanation = load_images(run, device=device).predict_one(image).explain(class_name, versus=versus)
    write_picture(picture, explanation.picture())
    if json:
        print_json({**explanation.to_dict(), "picture": str(picture)})
        return
    console.print(explanation.sentence(), markup=False, soft_wrap=True)
    console.print(explanation.table(rows=rows or None), markup=False, soft_wrap=True)
    say(f"picture: {picture}")
