"""Take ``--max-pixels``, the one option of every verb that reads pictures."""

from __future__ import annotations

from typing import Annotated

import typer

from weldon.data.decode import MAX_PIXELS, VARIABLE, allow_pixels


def _allow(limit: int | None) -> int | None:
    allow_pixels(limit)
    return limit


MaxPixels = Annotated[
    int | None,
    typer.Option(
        "--max-pixels",
        help=f"largest picture that is read, in pixels [{VARIABLE}, else {MAX_PIXELS}]",
        min=1,
        callback=_allow,
        is_eager=True,
    ),
]
