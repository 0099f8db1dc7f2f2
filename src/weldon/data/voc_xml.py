"""PASCAL VOC annotation files: one XML an image, pixels counted from 1, both ends inside the box."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from weldon.data.annotation import AnnotationSet, ImageAnnotation
from weldon.data.record import Box
from weldon.errors import DataError


def read_voc_xml(path: str | Path) -> ImageAnnotation:
    """Return the boxes of one XML file; pixel 1 of the file is our stretch from 0 to 1.

    Raises:
        DataError: no XML, or an object without a name or a complete box.
    """
    try:
        root = ET.parse(path).getroot()
        return ImageAnnotation(
            file_name=root.findtext("filename") or Path(path).with_suffix(".jpg").name,
            width=int(root.findtext("size/width") or 0),
            height=int(root.findtext("size/height") or 0),
            boxes=tuple(_box(element) for element in root.iter("object")),
        )
    except (ET.ParseError, LookupError, ValueError, OSError) as error:
        raise DataError(f"cannot read the VOC annotation {path}: {error}") from error


def read_voc_folder(folder: str | Path) -> AnnotationSet:
    """Return all ``*.xml`` of a folder, with the sorted names of their objects as classes.

    Raises:
        DataError: a file that cannot be read, or none at all.
    """
    paths = sorted(Path(folder).rglob("*.xml"))
    if not paths:
        raise DataError(f"no VOC annotation (*.xml) in {folder}")
    images = tuple(read_voc_xml(path) for path in paths)
    return AnnotationSet(images, tuple(sorted({box.label for image in images for box in image.boxes})))


def write_voc(folder: str | Path, images: Sequence[ImageAnnotation]) -> None:
    """Write an XML for each image into ``folder``, with the image's name and the ending ``.xml``.

    Coordinates are rounded to whole pixels, as the devkit has them; scores stand in a ``score`` element.

    Args:
        folder: made where needed.
        images: boxes to write; points, polygons and image labels have no place in this format.

    Raises:
        DataError: boxes on an image of unknown size.
    """
    if unsized := [image.file_name for image in images if image.boxes and not (image.width and image.height)]:
        raise DataError("images have boxes but no size, in which VOC keeps them:", unsized)
    for image in images:
        path = (Path(folder) / image.file_name).with_suffix(".xml")
        path.parent.mkdir(parents=True, exist_ok=True)
        tree = ET.ElementTree(_annotation(image))
        ET.indent(tree)
        tree.write(path, encoding="utf-8")


def _box(element: ET.Element) -> Box:
    name = (element.findtext("name") or "").strip()
    x1, y1, x2, y2 = (_number(element, f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax"))
    if not name:
        raise ValueError("an object has no name")
    score = element.findtext("score")
    difficult = (element.findtext("difficult") or "0").strip() == "1"
    return Box(name, x1 - 1, y1 - 1, x2, y2, float(score) if score else None, difficult)


def _number(element: ET.Element, path: str) -> float:
    text = element.findtext(path)
    if text is None:
        raise ValueError(f"an object has no {path}")
    return float(text)


def _annotation(image: ImageAnnotation) -> ET.Element:
    root = ET.Element("annotation")
    ET.SubElement(root, "folder").text = Path(image.file_name).parent.name
    ET.SubElement(root, "filename").text = Path(image.file_name).name
    size = ET.SubElement(root, "size")
    for name, value in (("width", image.width), ("height", image.height), ("depth", 3)):
        ET.SubElement(size, name).text = str(value)
    ET.SubElement(root, "segmented").text = "0"
    for box in image.boxes:
        root.append(_object(box, image))
    return root


def _object(box: Box, image: ImageAnnotation) -> ET.Element:
    element = ET.Element("object")
    ET.SubElement(element, "name").text = box.label
    ET.SubElement(element, "pose").text = "Unspecified"
    ET.SubElement(element, "truncated").text = "0"
    ET.SubElement(element, "difficult").text = str(int(box.difficult))
    edges = ET.SubElement(element, "bndbox")
    for name, low, high, limit in (
        ("xmin", box.x1, 1, image.width),
        ("ymin", box.y1, 1, image.height),
        ("xmax", box.x2, 0, image.width),
        ("ymax", box.y2, 0, image.height),
    ):
        ET.SubElement(edges, name).text = str(min(max(round(low) + high, 1), limit))
    if box.score is not None:
        ET.SubElement(element, "score").text = f"{box.score:.6g}"
    return element
