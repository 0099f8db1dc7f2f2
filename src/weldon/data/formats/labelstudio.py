"""Label Studio: predictions as ``tasks.json`` with a matching ``label_config.xml``."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from weldon.data.formats.annotation import ImageAnnotation, Polygon, refuse_strangers
from weldon.data.formats.polygons import mask_regions
from weldon.errors import DataError
from weldon.files import write_json, write_text

Json = dict[str, Any]

LOCAL_FILES = "/data/local-files/?d="

# Control tag of the labelling interface, its name in our files, the tag of a choice in it.
CONTROLS = {
    "choices": ("Choices", "labels", "Choice"),
    "rectanglelabels": ("RectangleLabels", "boxes", "Label"),
    "keypointlabels": ("KeyPointLabels", "points", "Label"),
    "polygonlabels": ("PolygonLabels", "masks", "Label"),
}

# Colours that stay apart for colour-blind eyes (Okabe and Ito 2008), repeated from the first on.
_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")


def write_labelstudio(
    folder: str | Path,
    images: Sequence[ImageAnnotation],
    classes: Sequence[str],
    *,
    prefix: str = LOCAL_FILES,
    model_version: str = "weldon",
) -> None:
    """Write ``tasks.json`` (predictions, in percent) and the matching ``label_config.xml``.

    Args:
        folder: made where needed.
        images: what to write; image-level labels become choices.
        classes: in the order of the interface.
        prefix: before the quoted file name: where Label Studio serves the images (:func:`local_prefix`).
        model_version: shown with each prediction.

    Raises:
        DataError: a label is none of the classes, or an image without size has marks.
    """
    refuse_strangers(images, classes)
    tasks = []
    used: set[str] = set()
    for number, image in enumerate(images, start=1):
        prediction = predicted_task(image, classes, name=str(number), model_version=model_version)
        used |= {part["type"] for part in prediction["result"]}
        task = {"id": number, "data": {"image": prefix + quote(image.file_name)}, "predictions": [prediction]}
        tasks.append(task)
    write_json(Path(folder) / "tasks.json", tasks)
    config = label_config(classes, [kind for kind in CONTROLS if kind in used or kind == "choices"])
    write_text(Path(folder) / "label_config.xml", config)


def predicted_task(
    image: ImageAnnotation, classes: Sequence[str], *, name: str, model_version: str = "weldon"
) -> Json:
    """Return one prediction: the labels as a choice, then each mark with its score.

    Args:
        image: what is predicted; an image-level label becomes a choice.
        classes: in the order of the interface.
        name: that the ids of the marks begin with.
        model_version: shown with the prediction.
    """
    result = [{"id": f"{name}-{place}", **part} for place, part in enumerate(_results(image, classes), 1)]
    prediction: Json = {"model_version": model_version, "result": result}
    sure = [part["score"] for part in result if "score" in part] or list((image.scores or {}).values())
    if sure:
        prediction["score"] = round(float(max(sure)), 6)
    return prediction


def local_prefix(photos: Path | None) -> str:
    """Return the address at which Label Studio's local storage serves the files of a folder.

    It serves what lies below ``LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT``, and refuses that folder itself as a
    storage: the root is taken to be the folder above the photographs.

    Args:
        photos: the folder of the photographs; None: names are taken to begin at the root.

    Example:
        >>> local_prefix(Path("data/my photos"))
        '/data/local-files/?d=my%20photos/'
    """
    return LOCAL_FILES + (f"{quote(photos.resolve().name)}/" if photos is not None else "")


def label_config(classes: Sequence[str], kinds: Iterable[str]) -> str:
    """Return the labelling interface: the image, and a control tag for each kind of mark.

    Args:
        classes: the choices, in their order.
        kinds: of ``CONTROLS``.
    """
    view = ET.Element("View")
    ET.SubElement(view, "Image", name="image", value="$image", zoom="true")
    for kind in kinds:
        tag, name, choice = CONTROLS[kind]
        several = {"choice": "multiple"} if kind == "choices" else {}
        control = ET.SubElement(view, tag, {"name": name, "toName": "image", **several})
        for number, label in enumerate(classes):
            look = {} if kind == "choices" else {"background": _COLOURS[number % len(_COLOURS)]}
            if kind == "keypointlabels":
                look["model_index"] = str(number)  # Label Studio's own exports ask for it
            ET.SubElement(control, choice, {"value": label, **look})
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"


def _results(image: ImageAnnotation, classes: Sequence[str]) -> Iterator[Json]:
    drawn = image.boxes or image.points or image.polygons or image.mask is not None
    if drawn and not (image.width and image.height):
        raise DataError(f"{image.file_name} has marks but no size: percent cannot be computed")
    if image.labels:
        yield {**_place("choices", image), "value": {"choices": list(image.labels)}}
    for box in image.boxes:
        x, y = _percent(image, box.x1, box.y1)
        width, height = _percent(image, box.x2 - box.x1, box.y2 - box.y1)
        value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0}
        yield _mark("rectanglelabels", image, box.label, value, box.score)
    for point in image.points:
        x, y = _percent(image, point.x, point.y)
        yield _mark("keypointlabels", image, point.label, {"x": x, "y": y, "width": 0.75}, point.score)
    for polygon in (*image.polygons, *_outlines(image, classes)):
        points = [list(_percent(image, x, y)) for x, y in polygon.points]
        yield _mark("polygonlabels", image, polygon.label, {"points": points, "closed": True}, polygon.score)


def _outlines(image: ImageAnnotation, classes: Sequence[str]) -> Iterator[Polygon]:
    for name, region, score in mask_regions(image, classes):
        for points in region.outlines:
            yield Polygon(name, points, score)


def _place(kind: str, image: ImageAnnotation) -> Json:
    place: Json = {"type": kind, "from_name": CONTROLS[kind][1], "to_name": "image"}
    if image.width and image.height:
        place |= {"original_width": image.width, "original_height": image.height, "image_rotation": 0}
    return place


def _mark(kind: str, image: ImageAnnotation, label: str, value: Json, score: float | None) -> Json:
    scored = {} if score is None else {"score": round(float(score), 6)}
    return {**_place(kind, image), "value": {**value, kind: [label]}, **scored}


def _percent(image: ImageAnnotation, x: float, y: float) -> tuple[float, float]:
    return round(100 * float(x) / image.width, 4), round(100 * float(y) / image.height, 4)
