"""PASCAL VOC annotation files: one XML an image, pixels counted from 1, both ends inside the box."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from weldon.data.file_names import inside, refuse_shared
from weldon.data.formats.annotation import AnnotationFormat, AnnotationSet, ImageAnnotation
from weldon.data.formats.left_out import LeftOut
from weldon.data.formats.numbers import confidence, drawn_box, number, side
from weldon.data.formats.xml_file import read_xml, write_xml
from weldon.data.record import Box
from weldon.errors import DataError


def read_voc_xml(path: str | Path) -> ImageAnnotation:
    """Return the boxes of one XML file; pixel 1 of the file is our stretch from 0 to 1.

    An object whose box has no inside keeps its class only. A file that does not name its image is named as
    that image is.

    Raises:
        DataError: no XML, or an object without a name or a complete box.
    """
    root = read_xml(path, root="annotation")
    try:
        found = [_object_read(element) for element in root.iter("object")]
        return ImageAnnotation(
            file_name=(root.findtext("filename") or "").strip() or Path(path).with_suffix(".jpg").name,
            width=side(root.findtext("size/width")),
            height=side(root.findtext("size/height")),
            boxes=tuple(box for _, box in found if box is not None),
            labels=tuple(dict.fromkeys(name for name, box in found if box is None)),
        )
    except ValueError as error:
        raise DataError(f"cannot read the VOC annotation {path}: {error}") from error


def read_voc_folder(folder: str | Path) -> AnnotationSet:
    """Return all XML files of a folder and below, with the sorted names of their objects as classes.

    An image lies where its XML file lies: ``b/2.xml``, which names ``2.jpg``, is of ``b/2.jpg``. Hidden files
    and folders are passed over.

    Raises:
        DataError: files that cannot be read, all listed, or none at all.
    """
    folder = Path(folder)
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() == ".xml" and path.is_file()]
    seen = [path for path in paths if not _hidden(path.relative_to(folder))]
    if not seen:
        raise DataError(f"no VOC annotation (*.xml) in {folder}")
    left, problems, images = LeftOut(folder.name), list[str](), []
    for path in sorted(set(paths) - set(seen)):
        left.add("hidden files were passed over", path.relative_to(folder).as_posix())
    for path in seen:
        try:
            images.append(_placed(read_voc_xml(path), path.relative_to(folder), left))
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(f"{len(problems)} of the {len(seen)} VOC annotations cannot be read:", problems)
    classes = sorted({name for image in images for name in image.named})
    return AnnotationSet(tuple(images), tuple(classes), left.notes())


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _placed(image: ImageAnnotation, path: Path, left: LeftOut) -> ImageAnnotation:
    """Return the image in the folder of its XML file, unless it names one itself."""
    if image.labels:
        left.add("files have objects without an inside; their class counts as present", path.as_posix())
    name = image.file_name.replace("\\", "/")
    return replace(image, file_name=name if "/" in name else (path.parent / name).as_posix())


def write_voc(folder: str | Path, images: Sequence[ImageAnnotation]) -> None:
    """Write an XML for each image into ``folder``, with the image's name and the ending ``.xml``.

    Coordinates are rounded to whole pixels, as the devkit has them; scores stand in a ``score`` element.

    Args:
        folder: made where needed.
        images: boxes to write; points, polygons and image labels have no place in this format.

    Raises:
        DataError: boxes on an image of unknown size, or names that differ in ending or capitals only.
    """
    if unsized := [image.file_name for image in images if image.boxes and not (image.width and image.height)]:
        raise DataError("images have boxes but no size, in which VOC keeps them:", unsized)
    refuse_shared([image.file_name for image in images], "VOC")
    for image in images:
        write_xml(inside(folder, image.file_name).with_suffix(".xml"), _annotation(image))


def _object_read(element: ET.Element) -> tuple[str, Box | None]:
    """Return the name of an object, and its box where that has an inside."""
    name = (element.findtext("name") or "").strip()
    if not name:
        raise ValueError("an object has no name")
    x1, y1, x2, y2 = (_edge(element, f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax"))
    score = confidence(element.findtext("score"))
    difficult = (element.findtext("difficult") or "0").strip() == "1"
    return name, drawn_box(name, (x1 - 1, y1 - 1, x2, y2), score, difficult=difficult)


def _edge(element: ET.Element, path: str) -> float:
    text = element.findtext(path)
    if text is None:
        raise ValueError(f"an object has no {path}")
    return number(text)


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


FORMAT = AnnotationFormat(
    write=lambda folder, images, _, __: write_voc(folder / "voc", images),
    read=read_voc_folder,
    called="a folder of VOC XML",
    endings=("",),
    each_image=True,
)
