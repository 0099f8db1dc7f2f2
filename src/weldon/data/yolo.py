"""YOLO: a text file an image, centre and size as shares of the image, ids from 0, names in ``data.yaml``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from weldon.data.annotation import ImageAnnotation, refuse_strangers
from weldon.data.output_names import inside, refuse_shared
from weldon.errors import DataError
from weldon.files import write_text


def write_yolo(
    folder: str | Path, images: Sequence[ImageAnnotation], classes: Sequence[str], *, scores: bool = False
) -> None:
    """Write ``labels/NAME.txt`` for each image (empty without boxes) and ``data.yaml``.

    The photographs belong beside it, under ``images`` with the same names. Only boxes have a place in this
    format.

    Args:
        folder: made where needed.
        images: what to write.
        classes: ids 0, 1, ... as YOLO demands.
        scores: add each score as a sixth number, as ``save_conf=True`` does in YOLO; its training refuses it.

    Raises:
        DataError: a label is none of the classes, names that differ in their ending or in capitals only, or
            boxes on an image without size.
    """
    refuse_strangers(images, classes)
    refuse_shared([image.file_name for image in images], "YOLO")
    ids = {name: number for number, name in enumerate(classes)}
    for image in images:
        path = inside(Path(folder) / "labels", image.file_name).with_suffix(".txt")
        write_text(path, "".join(f"{line}\n" for line in _lines(image, ids, scores)))
    # A JSON string is a YAML string, whatever a class is called.
    names = "".join(f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for name, number in ids.items())
    text = f"path: .\ntrain: images\nval: images\nnames:\n{names}"
    write_text(Path(folder) / "data.yaml", text)


def _lines(image: ImageAnnotation, ids: Mapping[str, int], scores: bool) -> Iterator[str]:
    if image.boxes and not (image.width and image.height):
        raise DataError(f"{image.file_name} has boxes but no size: shares cannot be computed")
    for box in image.boxes:
        shares = (
            (box.x1 + box.x2) / 2 / image.width,
            (box.y1 + box.y2) / 2 / image.height,
            (box.x2 - box.x1) / image.width,
            (box.y2 - box.y1) / image.height,
        )
        score = [f"{float(box.score):.6f}"] if scores and box.score is not None else []
        yield " ".join([str(ids[box.label]), *(f"{float(share):.6f}" for share in shares), *score])
