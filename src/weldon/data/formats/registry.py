"""The files of annotation tools by name, for ``--to``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from weldon.data.file_names import refuse_shared
from weldon.data.formats.annotation import ImageAnnotation
from weldon.data.formats.coco import write_coco
from weldon.data.formats.cvat import write_cvat
from weldon.data.formats.labelstudio import local_prefix, write_labelstudio
from weldon.data.formats.voc_xml import write_voc
from weldon.data.formats.yolo import write_yolo
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


# These name a file after each image, without its ending.
_A_FILE_AN_IMAGE = {"yolo": "YOLO", "voc": "VOC"}


def check_file_names(names: Sequence[str], file_names: Sequence[str]) -> None:
    """Refuse, before anything is computed, images that would share a file in one of some formats.

    Args:
        names: of the formats.
        file_names: of the images.

    Raises:
        DataError: with every such pair of images.
    """
    for name in names:
        if name in _A_FILE_AN_IMAGE:
            refuse_shared(file_names, _A_FILE_AN_IMAGE[name])


def write_annotations(
    name: str,
    folder: str | Path,
    images: Sequence[ImageAnnotation],
    classes: Sequence[str],
    *,
    photos: Path | None = None,
) -> None:
    """Write the files of one annotation tool: ``coco.json``, or a folder with the tool's name.

    Each file is written whole or not at all, inside ``folder``, whatever the images are called.

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
