"""CVAT for images 1.1: one XML file, scores as an attribute."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from pathlib import Path

from weldon.data.annotation import ImageAnnotation, refuse_strangers
from weldon.data.polygons import mask_regions
from weldon.data.xml_file import write_xml
from weldon.files import write_json

Corners = tuple[tuple[float, float], ...]


def write_cvat(path: str | Path, images: Sequence[ImageAnnotation], classes: Sequence[str]) -> None:
    """Write the XML file and, beside it, ``labels.json`` for the *Raw* tab of a new task's labels.

    Image-level labels are tags, points are ``points`` of one, masks are polygons; each carries its score in
    the attribute ``score``.

    Args:
        path: of the XML file.
        images: what to write, in the order of the task.
        classes: labels of the task.

    Raises:
        DataError: a label is none of the classes.
    """
    refuse_strangers(images, classes)
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    root.append(_meta(len(images), classes))
    for number, image in enumerate(images):
        entry = ET.SubElement(
            root,
            "image",
            id=str(number),
            name=image.file_name,
            width=str(image.width),
            height=str(image.height),
        )
        entry.extend(_marks(image, classes))
    write_xml(path, root, declaration=True)
    score = {"name": "score", "input_type": "text", "mutable": False, "values": [""], "default_value": ""}
    write_json(
        Path(path).with_name("labels.json"), [{"name": name, "attributes": [score]} for name in classes]
    )


def _meta(size: int, classes: Sequence[str]) -> ET.Element:
    meta = ET.Element("meta")
    task = ET.SubElement(meta, "task")
    ET.SubElement(task, "name").text = "weldon"
    ET.SubElement(task, "size").text = str(size)
    ET.SubElement(task, "mode").text = "annotation"
    labels = ET.SubElement(task, "labels")
    for name in classes:
        label = ET.SubElement(labels, "label")
        ET.SubElement(label, "name").text = name
        attribute = ET.SubElement(ET.SubElement(label, "attributes"), "attribute")
        for key, value in (("name", "score"), ("mutable", "False"), ("input_type", "text")):
            ET.SubElement(attribute, key).text = value
        ET.SubElement(attribute, "default_value")
        ET.SubElement(attribute, "values")
    return meta


def _marks(image: ImageAnnotation, classes: Sequence[str]) -> Iterator[ET.Element]:
    for label in image.labels:
        score = None if image.scores is None else image.scores.get(label)
        yield _scored(ET.Element("tag", label=label, source="auto"), score)
    for box in image.boxes:
        edges = {"xtl": box.x1, "ytl": box.y1, "xbr": box.x2, "ybr": box.y2}
        numbers = {name: f"{float(value):.2f}" for name, value in edges.items()}
        yield _scored(_shape("box", box.label, **numbers), box.score)
    for point in image.points:
        yield _scored(_shape("points", point.label, points=_text(((point.x, point.y),))), point.score)
    for polygon in image.polygons:
        yield _scored(_shape("polygon", polygon.label, points=_text(polygon.points)), polygon.score)
    for name, region, score in mask_regions(image, classes):
        for points in region.outlines:
            yield _scored(_shape("polygon", name, points=_text(points)), score)


def _shape(tag: str, label: str, **place: str) -> ET.Element:
    return ET.Element(tag, {"label": label, "source": "auto", "occluded": "0", **place, "z_order": "0"})


def _scored(element: ET.Element, score: float | None) -> ET.Element:
    if score is not None:
        ET.SubElement(element, "attribute", name="score").text = f"{float(score):.6g}"
    return element


def _text(points: Corners) -> str:
    return ";".join(f"{float(x):.2f},{float(y):.2f}" for x, y in points)
