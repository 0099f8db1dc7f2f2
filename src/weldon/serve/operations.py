"""Operations of an interface, and what stands in their answers, as an OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weldon import __version__
from weldon.data.corrections import STATES, WITHDRAWN

Json = dict[str, Any]
ERROR = {
    "description": "refused; `error` says why in a sentence",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
        }
    },
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method of one address does.

    Args:
        method: ``GET`` or ``POST``.
        path: the address.
        summary: what it does.
        answer: what comes back.
        parameters: of the address and its query.
        body: that comes with the request, or None.
        kind: the media type of the answer.
        gives: what stands in an answer that is a JSON object, by name.
    """

    method: str
    path: str
    summary: str
    answer: str
    parameters: Sequence[Json] = ()
    body: Json | None = None
    kind: str = "application/json"
    gives: Mapping[str, Json] = field(default_factory=dict)

    def to_dict(self) -> Json:
        """Return the operation object of OpenAPI 3.1."""
        content = {self.kind: {"schema": json_object(self.gives) if self.kind.endswith("json") else {}}}
        described: Json = {
            "summary": self.summary,
            "responses": {"200": {"description": self.answer, "content": content}, "4XX": ERROR},
        }
        if self.parameters:
            described["parameters"] = list(self.parameters)
        if self.body is not None:
            described["requestBody"] = self.body
        return described


def openapi(operations: Iterable[Operation]) -> Json:
    """Return the OpenAPI document, version 3.1, that describes these operations."""
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation.to_dict()
    return {
        "openapi": "3.1.0",
        "info": {"title": "weldon serve", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "the token as password"},
            }
        },
        "security": [{}, {"bearer": []}, {"basic": []}],
    }


TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
NUMBER: Json = {"type": "number"}
SWITCH: Json = {"type": "boolean"}


def json_object(properties: Mapping[str, Json]) -> Json:
    """Return a JSON object by what stands in it."""
    return {"type": "object", "properties": dict(properties)} if properties else {"type": "object"}


def by_name(value: Json, description: str = "") -> Json:
    """Return a JSON object whose names are classes, or what the description says."""
    schema: Json = {"type": "object", "additionalProperties": value}
    return schema | ({"description": description} if description else {})


def list_of(value: Json) -> Json:
    """Return a list of one kind of value."""
    return {"type": "array", "items": value}


def or_null(value: Json) -> Json:
    """Return a value that may be missing."""
    return {"anyOf": [value, {"type": "null"}]}


def in_query(name: str, description: str, *, repeated: bool = False) -> Json:
    """Return a parameter of the query."""
    text: Json = {"type": "string"}
    schema: Json = {"type": "array", "items": text} if repeated else text
    return {"name": name, "in": "query", "description": description, "schema": schema}


def in_path(name: str, description: str, kind: str = "integer") -> Json:
    """Return a parameter of the address."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": kind},
    }


def json_body(properties: Mapping[str, Json], *, needed: Sequence[str] = ()) -> Json:
    """Return a body that is a JSON object."""
    schema: Json = {"type": "object", "properties": dict(properties)}
    if needed:
        schema["required"] = list(needed)
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def picture_body() -> Json:
    """Return a body of pictures: the files of a form, or one picture as it is."""
    files = {"type": "object", "properties": {"image": {"type": "array", "items": {"type": "string"}}}}
    return {
        "required": True,
        "content": {"multipart/form-data": {"schema": files}, "image/*": {"schema": {}}},
    }


STATE = {"state": {"enum": ["waiting", "working", "done", "failed"]}, "problem": TEXT}
LABEL = {"enum": list(STATES)}
SAID = {"enum": [*STATES, WITHDRAWN]}
SIDE = list_of(
    json_object(
        {
            "box": list_of(NUMBER),
            "row": COUNT,
            "col": COUNT,
            **dict.fromkeys(("score", "weight", "contribution"), NUMBER),
        }
    )
)
SHOWN = {
    "file_name": TEXT,
    "width": COUNT,
    "height": COUNT,
    "labels": list_of(TEXT),
    "scores": by_name(NUMBER),
    "probabilities": by_name(NUMBER),
    "points": by_name(json_object(dict.fromkeys(("x", "y", "score"), NUMBER))),
    "boxes": list_of(
        json_object({"label": TEXT, **dict.fromkeys(("x1", "y1", "x2", "y2", "score", "confidence"), NUMBER)})
    ),
    "evidence": by_name(
        json_object(
            {
                "top": SIDE,
                "low": SIDE,
                "sentence": TEXT,
                **dict.fromkeys(("score", "top_sum", "low_sum", "remainder"), NUMBER),
            }
        )
    ),
    "heatmaps": by_name(TEXT),
    "maps": by_name(list_of(list_of(NUMBER))),
    "photo": TEXT,
    "views": by_name(json_object({})),
    "contests": by_name(TEXT),
}
LISTED = {"number": COUNT, "file_name": TEXT, "split": or_null(TEXT), "own": SWITCH}
ITEM = {
    **LISTED,
    "class": or_null(TEXT),
    "chance": or_null(NUMBER),
    "doubt": or_null(NUMBER),
    "chances": by_name(NUMBER),
    "from": or_null(LABEL),
    "labels": by_name(LABEL),
    "reviewed": list_of(TEXT),
}
CORRECTION = {"file": TEXT, "class": TEXT, "from": LABEL, "to": SAID, "time": TEXT, "who": TEXT}
CURVE = {
    **dict.fromkeys(("thresholds", "probabilities"), list_of(NUMBER)),
    **dict.fromkeys(("precision", "recall"), list_of(or_null(NUMBER))),
    "predicted": list_of(COUNT),
    "positives": COUNT,
    "images": COUNT,
}
JOB = {
    "state": {"enum": ["idle", "running", "done", "stopped", "failed"]},
    "out": or_null(TEXT),
    "epoch": COUNT,
    "epochs": COUNT,
    "seconds": NUMBER,
    "lines": list_of(TEXT),
}
PARCEL = {
    **dict.fromkeys(("state", "problem", "name", "root"), TEXT),
    **dict.fromkeys(("done", "total", "skipped"), COUNT),
    **dict.fromkeys(("formats", "storages"), list_of(TEXT)),
}
DIFFERENCE = json_object(dict.fromkeys(("gain", "low", "high"), or_null(NUMBER)))  # ends of nine tenths
RUNS = {
    **dict.fromkeys(("images", "draws", "changed", "now_right", "now_wrong"), COUNT),
    **dict.fromkeys(
        ("old", "new"), json_object({"run": TEXT, "map": or_null(NUMBER), "ap": by_name(or_null(NUMBER))})
    ),
    "difference": DIFFERENCE,
    "differences": by_name(DIFFERENCE),
    "positives": by_name(COUNT),
    "answers": list_of(
        json_object(
            {
                "number": COUNT,
                "file_name": TEXT,
                "class": TEXT,
                "label": LABEL,
                "now": SWITCH,
                "right": or_null(SWITCH),
            }
        )
    ),
}
