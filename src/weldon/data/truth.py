"""True boxes in a file of their own, for measuring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from weldon.data.annotation import AnnotationSet
from weldon.data.coco import is_coco, read_coco
from weldon.data.cvat import read_cvat
from weldon.data.json_file import read_json
from weldon.data.labelstudio_export import is_labelstudio, read_labelstudio
from weldon.data.record import Box
from weldon.data.voc_xml import read_voc_folder
from weldon.errors import DataError, UsageError


class TrueBoxes(Mapping[str, tuple[Box, ...]]):
    """The boxes of each image, by the name the file gives it, or by any name that ends alike.

    ``images/a.jpg``, ``a.jpg`` and (in VOC, whose files often lack the ending) ``a`` are one image as long as
    only one image of the file can be meant.

    Args:
        boxes: of each file name.
    """

    def __init__(self, boxes: Mapping[str, tuple[Box, ...]]) -> None:
        self._boxes = dict(boxes)
        lasts = Counter(PurePosixPath(name).stem for name in boxes)
        self._by_stem = {
            PurePosixPath(name).stem: name for name in boxes if lasts[PurePosixPath(name).stem] == 1
        }

    def __getitem__(self, name: str) -> tuple[Box, ...]:
        if name in self._boxes:
            return self._boxes[name]
        return self._boxes[self._by_stem[PurePosixPath(name.replace("\\", "/")).stem]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._boxes)

    def __len__(self) -> int:
        return len(self._boxes)


def read_boxes(path: str | Path) -> TrueBoxes:
    """Return the true boxes in a COCO json, a Label Studio export, a CVAT XML file or a folder of VOC XML.

    An image that is listed without a box has none of the objects; an image that is not listed is not known.

    Raises:
        DataError: the file cannot be read.
        UsageError: none of these forms.
    """
    found = read_annotations(Path(path))
    return TrueBoxes({image.file_name: image.boxes for image in found.images})


def read_annotations(path: Path) -> AnnotationSet:
    """Return what an annotation tool wrote, whichever of our formats it is.

    Raises:
        DataError: the file cannot be read.
        UsageError: none of the formats.
    """
    return _READERS[annotation_form(path)](path)


def annotation_form(path: Path) -> str:
    """Return ``coco``, ``labelstudio``, ``cvat`` or ``voc``.

    Raises:
        DataError: a JSON file of another kind.
        UsageError: another ending.
    """
    if path.is_dir():
        return "voc"
    if path.suffix.lower() == ".xml":
        return "cvat"
    if path.suffix.lower() != ".json":
        raise UsageError(f"annotations must be .json, .xml or a folder of VOC XML, got {path}")
    content = read_json(path)
    if is_coco(content):
        return "coco"
    if is_labelstudio(content):
        return "labelstudio"
    raise DataError(
        f"{path} is neither a COCO data set (images, annotations, categories) nor a Label Studio export"
    )


_READERS = {"coco": read_coco, "labelstudio": read_labelstudio, "cvat": read_cvat, "voc": read_voc_folder}
