"""Pictures: one of five is damaged; check and predict must agree on which can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

from stress.answers import predictions, told
from stress.attempt import Outcome
from stress.judge import Answer
from stress.kind import Kind, Place
from stress.kinds.labels import csv_text
from stress.mutation import CHECKSUMMED, WITHOUT_CHECKSUM, Mutator
from stress.truth import picture

COUNT = 5
DAMAGED = 2

# Ending, Pillow's options, whether the form guards its pixels with a checksum.
FORMS: dict[str, tuple[dict[str, Any], bool]] = {
    "png": ({"format": "PNG"}, True),
    "jpg": ({"format": "JPEG", "quality": 90}, False),
    "webp": ({"format": "WEBP", "lossless": True}, False),
    "tif": ({"format": "TIFF", "compression": "tiff_lzw"}, False),
    "gif": ({"format": "GIF"}, False),
    "bmp": ({"format": "BMP"}, False),
}


def _encoded(number: int, options: dict[str, Any]) -> bytes:
    stream = BytesIO()
    picture(number).save(stream, **options)
    return stream.getvalue()


def _plant(ending: str, options: dict[str, Any]) -> Callable[[Place], None]:
    def plant(place: Place) -> None:
        names = [f"p{number:02d}.{ending}" for number in range(COUNT)]
        for number, name in enumerate(names):
            (place.files / name).write_bytes(_encoded(number, options))
        rows = [(name, ("cat", "dog")[number % 2], "train") for number, name in enumerate(names)]
        (place.files / "labels.csv").write_bytes(csv_text([("file_name", "labels", "split"), *rows]))

    return plant


def _commands(place: Place) -> list[list[str]]:
    run = str(place.world / "run")
    return [["predict", run, str(place.files), "--out", str(place.out), "--device", "cpu", "--json"]]


def _answer(place: Place, outcomes: Sequence[Outcome]) -> Answer:
    found = predictions(place, outcomes)
    skipped = json.loads(outcomes[0].out)["skipped"]
    return Answer(found.values, [*told(outcomes), *(f"skipped {name}" for name in skipped)])


def picture_kind(ending: str, options: dict[str, Any], mutators: Sequence[Mutator]) -> Kind:
    """Return the kind of one image format."""
    name = f"p{DAMAGED:02d}.{ending}"
    return Kind(
        f"pictures/{ending}",
        _plant(ending, options),
        name,
        _commands,
        mutators,
        _answer,
        touched=lambda before, after: (name, f"{name} predicted"),
        agreement=_agreement,
    )


def _agreement(place: Place, outcomes: Sequence[Outcome], checked: Outcome) -> list[str]:
    """Return where ``weldon check`` and ``weldon predict`` differ about which files can be read."""
    skipped = sorted(json.loads(outcomes[0].out)["skipped"])
    bad = sorted(name for name, _ in json.loads(checked.out)["unreadable"])
    return [] if skipped == bad else [f"predict skips {skipped}, check calls {bad} unreadable"]


KINDS = tuple(
    picture_kind(ending, options, CHECKSUMMED if guarded else WITHOUT_CHECKSUM)
    for ending, (options, guarded) in FORMS.items()
)
