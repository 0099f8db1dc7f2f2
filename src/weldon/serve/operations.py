"""One operation of the interface, as OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    """

    method: str
    path: str
    summary: str
    answer: str
    parameters: Sequence[Json] = ()
    body: Json | None = None
    kind: str = "application/json"

    def to_dict(self) -> Json:
        """Return the operation object of OpenAPI 3.1."""
        content = {self.kind: {"schema": {"type": "object"} if self.kind.endswith("json") else {}}}
        described: Json = {
            "summary": self.summary,
            "responses": {"200": {"description": self.answer, "content": content}, "4XX": ERROR},
        }
        if self.parameters:
            described["parameters"] = list(self.parameters)
        if self.body is not None:
            described["requestBody"] = self.body
        return described


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
