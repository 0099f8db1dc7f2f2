"""``weldon export``: write the model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weldon.cli.console import print_json, say
from weldon.device import choose_device


def export(
    run: Annotated[Path, typer.Argument(help="run directory")],
    format: Annotated[str, typer.Option(help="onnx, torch or hub")] = "onnx",  # noqa: A002
    out: Annotated[Path | None, typer.Option(help="file or folder to write [RUN/export/…]")] = None,
    device: Annotated[
        str, typer.Option(help="as in the other verbs; the file is made on the processor and runs anywhere")
    ] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace what is there")] = False,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Export scores and signed maps as ONNX, a torch program or a hub folder; its answers are compared."""
    from weldon.export import export_run

    choose_device(device)
    written = export_run(run, out, format=format, overwrite=overwrite)
    say(f"{written.path}: same answers as the run to {written.difference:.1e}")
    if json:
        print_json({"path": str(written.path), "format": format, "difference": written.difference})
