"""True boxes in a file of their own, for measuring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from weldon.data.annotation import AnnotationSet
from weldon.data.coco_reader import is_coco, read_coco
from weldon.data.cvat_reader import read_cvat
from weldon.data.labelstudio_export import is_labelstudio, read_labelstudio
from weldon.data.match_names import match_names
from weldon.data.record import Box
from weldon.data.voc_xml import read_voc_folder
from weldon.errors import DataError, UsageError
from weldon.files import read_json


class TrueBoxes(Mapping[str, tuple[Box, ...]]):
    """The boxes of each image, by the name the file gives it, or by any name that can mean no other image.

    ``images/a.jpg``, ``a.jpg`` and (in VOC, whose files often lack the ending) ``a`` are one image as long as
    only one image of the file can be meant. :meth:`of` matches a whole data set, from both sides.

    Args:
        boxes: of each file name.
        notes: what the user should know about the reading.
    """

    def __init__(self, boxes: Mapping[str, tuple[Box, ...]], notes: Sequence[str] = ()) -> None:
        self._boxes, self.notes = dict(boxes), tuple(notes)

    def __getitem__(self, name: str) -> tuple[Box, ...]:
        try:
            return self._boxes[name] if name in self._boxes else self.of([name])[name]
        except DataError:
            raise KeyError(f"{name} could mean several images") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._boxes)

    def __len__(self) -> int:
        return len(self._boxes)

    def of(self, names: Sequence[str]) -> dict[str, tuple[Box, ...]]:
        """Return the boxes of the images of these names, where the file lists them.

        Names are matched in full, else by what they have in common: see :func:`match_names`.

        Raises:
            DataError: a name that could mean several images.
        """
        return {name: self._boxes[given] for name, given in match_names(names, list(self._boxes)).items()}


def read_boxes(path: str | Path) -> TrueBoxes:
    """Return the true boxes in a COCO json, a Label Studio export, a CVAT XML file or a folder of VOC XML.

    An image that is listed without a mark has none of the objects; an image that is not listed is not known.
    A class whose place is not told is marked difficult, see :meth:`ImageAnnotation.truth`.

    Raises:
        DataError: the file cannot be read, or lists an image twice.
        UsageError: none of these forms.
    """
    found = read_annotations(Path(path))
    times = Counter(image.file_name for image in found.images)
    if twice := [f"{name}: {count} times" for name, count in times.items() if count > 1]:
        raise DataError(f"{path} lists images more than once, so that nobody can tell their boxes:", twice)
    return TrueBoxes({image.file_name: image.truth(found.classes) for image in found.images}, found.notes)


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
