"""CVAT for images 1.1: one XML file, scores as an attribute."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from math import cos, radians, sin
from pathlib import Path

from weldon.data.formats.annotation import (
    AnnotationFormat,
    AnnotationSet,
    ImageAnnotation,
    Keypoint,
    Polygon,
    refuse_strangers,
)
from weldon.data.formats.left_out import LeftOut
from weldon.data.formats.numbers import confidence, drawn_box, number, shortened, side
from weldon.data.formats.polygons import mask_regions, regions_of
from weldon.data.formats.run_lengths import box_of_runs, mask_of_runs
from weldon.data.formats.xml_file import read_xml, write_xml
from weldon.data.record import Box
from weldon.errors import DataError
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
    for index, image in enumerate(images):
        size = {"width": str(image.width), "height": str(image.height)}
        entry = ET.SubElement(root, "image", {"id": str(index), "name": image.file_name, **size})
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


Edges = tuple[float, float, float, float]

LARGEST_OUTLINED = 1 << 24  # pixels of a mask; outlining takes some 20 bytes for each

# Corners of a cuboid: left, right, back left and back right edge, each with an upper and a lower end.
_CUBOID = tuple(f"{edge}{end}" for edge in ("tl", "bl", "tr", "br") for end in ("1", "2"))


def read_cvat(path: str | Path) -> AnnotationSet:
    """Return the marks of a CVAT for images file; classes as its labels are listed.

    Boxes and ellipses, turned ones too, masks and cuboids give the upright box around them, masks their
    outlines as well. Polylines, skeletons and shapes of other kinds name their class without a place.

    Raises:
        DataError: no such XML, marks without their numbers or their label, or an export of a video.
    """
    root = read_xml(path, root="annotations")
    name = Path(path).name
    if root.find("track") is not None:
        raise DataError(
            f"{path} is an export of a video: its marks are tracks over frames; export the task again as "
            "'CVAT for images 1.1'"
        )
    left, problems = LeftOut(name), list[str]()
    images = []
    for entry in root.iter("image"):
        where = f"image {shortened(entry.get('name', entry.get('id')))}"
        try:
            images.append(_Reading(where, left).image(entry))
        except (KeyError, ValueError) as error:
            problems.append(f"{name}, {where}: {error.args[0] if error.args else error}")
    if problems:
        raise DataError(f"cannot read {path} as CVAT for images 1.1:", problems)
    labels = (label for label in root.iter("label") if label.find("parent") is None)  # joints have one
    listed = [label.findtext("name") or "" for label in labels if label.find("name") is not None]
    seen = sorted({name for image in images for name in image.named} - set(listed))
    return AnnotationSet(tuple(images), tuple(dict.fromkeys((*listed, *seen))), left.notes())


class _Reading:
    """The marks of one image as they are read.

    Args:
        where: the image, for messages.
        left: what was left out.
    """

    def __init__(self, where: str, left: LeftOut) -> None:
        self.where, self.left = where, left
        self.boxes: list[Box] = []
        self.labels: list[str] = []
        self.points: list[Keypoint] = []
        self.polygons: list[Polygon] = []
        self.scores: dict[str, float] = {}
        self.partial = False

    def image(self, entry: ET.Element) -> ImageAnnotation:
        """Return the annotation of an ``<image>``.

        Raises:
            KeyError: an attribute is missing.
            ValueError: one is no number.
        """
        for mark in entry:
            self._read(mark)
        return ImageAnnotation(
            _attribute(entry, "name"),
            side(_attribute(entry, "width")),
            side(_attribute(entry, "height")),
            tuple(self.boxes),
            tuple(dict.fromkeys(self.labels)),
            self.scores or None,
            tuple(self.points),
            tuple(self.polygons),
            partial=self.partial,
        )

    def _read(self, mark: ET.Element) -> None:
        label = mark.get("label")
        if label is None:
            self.left.add(f"marks <{mark.tag}> have no label: what is not drawn there is unknown", self.where)
            self.partial = True
            return
        if not label:
            raise ValueError(f"a <{mark.tag}> has an empty label")
        score = _score(mark)
        if mark.tag == "points":
            self.points += [Keypoint(label, x, y, score) for x, y in _corners(mark)]
        elif mark.tag == "polygon":
            self.polygons.append(Polygon(label, _corners(mark), score))
        elif mark.tag == "mask":
            self._mask(mark, label, score)
        elif mark.tag in _EDGES:
            self._box(label, _EDGES[mark.tag](mark), score)
        else:
            self._labelled(mark.tag, label, score)

    def _labelled(self, tag: str, label: str, score: float | None) -> None:
        """Take a tag, and any other mark that has no box of its own, as a label of the image."""
        self.labels.append(label)
        if tag == "tag" and score is not None:
            self.scores[label] = score
        elif tag not in ("tag", "polyline", "skeleton"):
            self.left.add(f"marks <{tag}> are of a kind not known here: their class is present", self.where)

    def _box(self, label: str, edges: Edges, score: float | None) -> None:
        box = drawn_box(label, edges, score)
        if box is None:
            self.labels.append(label)
            what = "boxes without an inside were left out; their class counts as present"
            self.left.add(what, self.where)
        else:
            self.boxes.append(box)

    def _mask(self, mark: ET.Element, label: str, score: float | None) -> None:
        """Decode run lengths, row by row inside a rectangle of the image."""
        x, y, width, height = (number(_attribute(mark, n)) for n in ("left", "top", "width", "height"))
        runs = [int(number(run)) for run in _attribute(mark, "rle").split(",")]
        found = box_of_runs(runs, shape := (int(height), int(width)))
        if found is None:
            self.labels.append(label)
            self.left.add("masks hold no pixel: their class is present, at no place", self.where)
            return
        x1, y1, x2, y2 = found
        self.boxes.append(Box(label, x + x1, y + y1, x + x2, y + y2, score))
        if shape[0] * shape[1] > LARGEST_OUTLINED:
            self.left.add("masks are too large to be outlined: only the box around them is kept", self.where)
            return
        for region in regions_of(mask_of_runs(runs, shape)):
            for outline in region.outlines:
                corners = tuple((x + across, y + down) for across, down in outline)
                self.polygons.append(Polygon(label, corners, score))


def _rectangle(mark: ET.Element) -> Edges:
    """Return the upright box around a ``<box>``, which may be turned about its centre."""
    x1, y1, x2, y2 = (number(_attribute(mark, edge)) for edge in ("xtl", "ytl", "xbr", "ybr"))
    turn = radians(number(mark.get("rotation") or 0))
    if not turn:
        return x1, y1, x2, y2
    across, down = (x2 - x1) / 2, (y2 - y1) / 2
    half = abs(across * cos(turn)) + abs(down * sin(turn)), abs(across * sin(turn)) + abs(down * cos(turn))
    return _around((x1 + x2) / 2, (y1 + y2) / 2, *half)


def _ellipse(mark: ET.Element) -> Edges:
    """Return the upright box around an ``<ellipse>``, which may be turned about its centre."""
    x, y, across, down = (number(_attribute(mark, name)) for name in ("cx", "cy", "rx", "ry"))
    turn = radians(number(mark.get("rotation") or 0))
    width = ((across * cos(turn)) ** 2 + (down * sin(turn)) ** 2) ** 0.5
    height = ((across * sin(turn)) ** 2 + (down * cos(turn)) ** 2) ** 0.5
    return _around(x, y, width, height)


def _cuboid(mark: ET.Element) -> Edges:
    xs, ys = ([number(_attribute(mark, f"{axis}{name}")) for name in _CUBOID] for axis in "xy")
    return min(xs), min(ys), max(xs), max(ys)


_EDGES = {"box": _rectangle, "ellipse": _ellipse, "cuboid": _cuboid}


def _around(x: float, y: float, across: float, down: float) -> Edges:
    return x - across, y - down, x + across, y + down


def _attribute(mark: ET.Element, name: str) -> str:
    try:
        return mark.attrib[name]
    except KeyError:
        raise KeyError(f"<{mark.tag}> has no {name}") from None


def _score(mark: ET.Element) -> float | None:
    text = next((a.text for a in mark.iter("attribute") if a.get("name") == "score"), None)
    return confidence(text)


def _corners(mark: ET.Element) -> Corners:
    pairs = [pair.split(",") for pair in _attribute(mark, "points").split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"<{mark.tag}> must have points as x,y;x,y, got {shortened(mark.attrib['points'])}")
    return tuple((number(x), number(y)) for x, y in pairs)


FORMAT = AnnotationFormat(
    write=lambda folder, images, classes, _: write_cvat(folder / "cvat" / "annotations.xml", images, classes),
    read=read_cvat,
    called="CVAT for images (.xml)",
    endings=(".xml",),
)
