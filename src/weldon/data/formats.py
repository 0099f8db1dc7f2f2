"""The files of annotation tools by name, for ``--to``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from weldon.data.annotation import ImageAnnotation
from weldon.data.coco import write_coco
from weldon.data.cvat import write_cvat
from weldon.data.labelstudio import local_prefix, write_labelstudio
from weldon.data.voc_xml import write_voc
from weldon.data.yolo import write_yolo
from weldon.errors import UsageError

Writer = Callable[[Path, Sequence[ImageAnnotation], Sequence[str], Path | None], None]

# Each in a folder of its own, except COCO's one file: they would share names such as annotations.xml.
WRITERS: dict[str, Writer] = {
    "coco": lambda folder, images, classes, _: write_coco(folder / "coco.json", images, classes),
    "labelstudio": lambda folder, images, classes, photos: write_labelstudio(
        folder / "labelstudio", images, classes, prefix=local_prefix(photos)
    ),
    "cvat": lambda folder, images, classes, _: write_cvat(
        folder / "cvat" / "annotations.xml", images, classes
    ),
    "yolo": lambda folder, images, classes, _: write_yolo(folder / "yolo", images, classes),
    "voc": lambda folder, images, classes, _: write_voc(folder / "voc", images),
}


def write_annotations(
    name: str,
    folder: str | Path,
    images: Sequence[ImageAnnotation],
    classes: Sequence[str],
    *,
    photos: Path | None = None,
) -> None:
    """Write the files of one annotation tool: ``coco.json``, or a folder with the tool's name.

    Args:
        name: ``coco``, ``labelstudio``, ``cvat``, ``yolo`` or ``voc``.
        folder: where to put it, made where needed.
        images: what to write.
        classes: in their order.
        photos: the folder below which the photographs have their names; Label Studio is told of it.

    Raises:
        UsageError: no such format.
        DataError: what the format cannot hold.
    """
    if name not in WRITERS:
        raise UsageError(f"`to` must be one of {', '.join(WRITERS)}, got {name!r}")
    WRITERS[name](Path(folder), images, classes, photos)
