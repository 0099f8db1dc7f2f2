"""The formats of annotation tools by name: what ``--to`` writes, and what is read as labels and truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weldon.data.file_names import refuse_shared
from weldon.data.formats import coco, cvat, labelstudio_export, voc_xml, yolo
from weldon.data.formats.annotation import AnnotationFormat, AnnotationSet, Candidate, ImageAnnotation
from weldon.errors import DataError, UsageError

# The first that recognises a file reads it.
FORMATS: dict[str, AnnotationFormat] = {
    "coco": coco.FORMAT,
    "labelstudio": labelstudio_export.FORMAT,
    "cvat": cvat.FORMAT,
    "yolo": yolo.FORMAT,
    "voc": voc_xml.FORMAT,
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

    Each file is written whole or not at all, inside ``folder``, whatever the images are called.

    Args:
        name: a key of :data:`FORMATS`.
        folder: where to put it, made where needed.
        images: what to write.
        classes: in their order.
        photos: the folder below which the photographs have their names; Label Studio is told of it.

    Raises:
        UsageError: no such format.
        DataError: what the format cannot hold.
    """
    if name not in FORMATS:
        raise UsageError(f"`to` must be one of {', '.join(FORMATS)}, got {name!r}")
    FORMATS[name].write(Path(folder), images, classes, photos)


def check_file_names(names: Sequence[str], file_names: Sequence[str]) -> None:
    """Refuse, before anything is computed, images that would share a file in one of some formats.

    Args:
        names: of the formats.
        file_names: of the images.

    Raises:
        DataError: with every such pair of images.
    """
    for name in names:
        if FORMATS[name].each_image:
            refuse_shared(file_names, name.upper())


def read_annotations(path: Path) -> AnnotationSet:
    """Return what an annotation tool wrote, whichever of our formats it is.

    Raises:
        DataError: the file cannot be read.
        UsageError: none of the formats.
    """
    read = FORMATS[annotation_form(path)].read
    assert read is not None
    return read(path)


def annotation_form(path: Path) -> str:
    """Return the name of the format that a file or folder is of.

    Raises:
        DataError: a file of a known ending that none of the formats recognises.
        UsageError: another ending.
    """
    candidate = Candidate(path)
    readable = {name: one for name, one in FORMATS.items() if one.read is not None}
    alike = {name: one for name, one in readable.items() if candidate.ending in one.endings}
    if not alike:
        listed = ", ".join(dict.fromkeys(one.called for one in readable.values()))
        raise UsageError(f"annotations must be {listed}; got {path}")
    found = next((name for name, one in alike.items() if one.holds(candidate)), None)
    if found is None:
        raise DataError(f"{path} is neither {' nor '.join(one.called for one in alike.values())}")
    return found


def annotation_endings() -> tuple[str, ...]:
    """Return the endings of files that annotations are read from."""
    endings = (end for one in FORMATS.values() if one.read is not None for end in one.endings if end)
    return tuple(dict.fromkeys(endings))
