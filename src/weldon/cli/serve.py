"""``weldon serve``: the page to look, correct, train again and take the answers away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weldon.cli.console import say
from weldon.cli.max_pixels import MaxPixels
from weldon.device import HELP as DEVICE_HELP
from weldon.errors import MissingPackageError


def serve(
    run: Annotated[Path, typer.Argument(help="run directory")],
    host: Annotated[
        str | None, typer.Option(help="address to listen on; needs a token [this machine alone]")
    ] = None,
    port: Annotated[int, typer.Option(help="port; 0 takes a free one")] = 8787,
    token: Annotated[
        str | None, typer.Option(help="what everyone must show [none for this machine, else made up]")
    ] = None,
    corrections: Annotated[
        Path | None, typer.Option(help="table that corrections go to [RUN.corrections.csv beside the run]")
    ] = None,
    photos: Annotated[Path | None, typer.Option(help="one more folder of pictures, without labels")] = None,
    device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "auto",
    max_pixels: MaxPixels = None,
) -> None:
    """Open the page people work in: look at pictures, correct labels, train again, take answers away."""
    try:
        from weldon.serve.server import run_server
    except ModuleNotFoundError as error:
        raise MissingPackageError("for the page", str(error.name), "serve") from error
    run_server(
        run,
        host=host,
        port=port,
        token=token,
        corrections=corrections,
        photos=photos,
        device=device,
        say=say,
    )
