"""What a Label Studio project asks for: its controls by their names, and where its tasks keep the picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weldon.data.formats.labelstudio import CONTROLS
from weldon.data.formats.labelstudio_tasks import image_url
from weldon.data.formats.xml_file import parse_xml
from weldon.errors import DataError

Json = dict[str, Any]
KINDS = {tag: kind for kind, (tag, _, _) in CONTROLS.items()}  # RectangleLabels -> rectanglelabels


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a labelling interface.

    Args:
        name: of the control.
        to_name: of the picture it speaks of.
        values: the labels it offers.
    """

    name: str
    to_name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Project:
    """A labelling interface, as far as predictions need it.

    Args:
        controls: by their kind, ``choices`` or ``rectanglelabels`` ….
        field: of a task that holds the picture; None: whichever looks like one.
    """

    controls: Mapping[str, Control] = field(default_factory=dict)
    field: str | None = None

    def picture(self, task: Mapping[str, Any]) -> str | None:
        """Return the address of a task's picture, None where it has none."""
        data = task.get("data")
        if not isinstance(data, dict):
            return None
        value = data.get(self.field) if self.field is not None else None
        return value if isinstance(value, str) and value else image_url(data)

    def fit(self, prediction: Json) -> Json:
        """Return a prediction with the names of this project, without what it has no control for."""
        result = [fitted for part in prediction["result"] if (fitted := self._fit_part(part)) is not None]
        return {**prediction, "result": result}

    def _fit_part(self, part: Json) -> Json | None:
        kind = part["type"]
        control = self.controls.get(kind)
        if control is None:
            return None
        value = part["value"]
        labels = [name for name in value[kind] if name in control.values]
        if not labels:
            return None
        return {
            **part,
            "from_name": control.name,
            "to_name": control.to_name,
            "value": {**value, kind: labels},
        }


def read_project(config: str | None) -> Project:
    """Return what a project asks for.

    Args:
        config: its labelling interface as XML; without one, that which ``weldon predict`` writes.

    Raises:
        DataError: the interface is no XML.
    """
    if not config:
        return Project()
    root = parse_xml(config.encode(), "the labelling interface", root="View")
    controls = {}
    for element in root.iter():
        kind = KINDS.get(element.tag)
        if kind is not None and kind not in controls:
            values = frozenset(child.get("value", "") for child in element)
            controls[kind] = Control(element.get("name", ""), element.get("toName", ""), values)
    if not controls:
        raise DataError(f"the labelling interface must have one of {', '.join(KINDS)}")
    return Project(controls, _picture_field(root))


def _picture_field(root: ET.Element) -> str | None:
    """Return the field that ``<Image value="$field"/>`` names."""
    for element in root.iter("Image"):
        value = element.get("value", "")
        if value.startswith("$"):
            return value[1:]
    return None
