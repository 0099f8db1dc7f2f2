"""The description of the interface under ``/api`` as an OpenAPI document."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from weldon import __version__
from weldon.serve.asked import DEFAULT_PARTS, PARTS
from weldon.serve.look_routes import SIDES
from weldon.serve.operations import Operation, in_path, in_query, json_body, picture_body

Json = dict[str, Any]

NUMBER = in_path("number", "of the picture, as `/api/images` lists it")
ASKED = (
    in_query("class", "a class to explain; may be given several times [the predicted ones]", repeated=True),
    in_query("versus", "a rival: says where the difference of the scores comes from"),
    in_query("parts", f"of {', '.join(PARTS)}, separated by commas [{','.join(DEFAULT_PARTS)}]"),
)
PAGE = (
    in_query("offset", "first place in the list [0]"),
    in_query("limit", "how many [100]"),
)
ANSWER = (
    "`labels`, `scores` and `probabilities` of all classes; of the classes asked for: `points` and `boxes` "
    "in pixels of the upright original, `evidence` (regions for and against, with weight and contribution, "
    "which add up to the score), `heatmaps` (PNG as data URI), `maps` (cells on the picture), `views` (what "
    "the page draws)"
)
LOOK = (
    Operation("GET", "/api/run", "Say what the run knows", "name, task, classes and thresholds"),
    Operation(
        "GET",
        "/api/thresholds",
        "Give precision and recall of each class along its threshold",
        "`state` is `working` until the validation images are scored; then `classes` holds the curves",
    ),
    Operation(
        "POST",
        "/api/predict",
        "Answer for pictures that are sent",
        f"`images`: for each its `file_name` and `error`, or {ANSWER}",
        ASKED,
        picture_body(),
    ),
    Operation(
        "GET",
        "/api/images",
        "List the pictures that the page may show",
        "`total`, and `images` with number, name, split and labels",
        (in_query("folder", "only those below it"), *PAGE),
    ),
    Operation(
        "GET", "/api/images/{number}", "Answer for one of the run's pictures", ANSWER, (NUMBER, *ASKED)
    ),
    Operation(
        "GET",
        "/api/images/{number}/photo",
        "Give a copy of one of the run's pictures",
        "a JPEG",
        (NUMBER, in_query("side", f"long side in pixels: {', '.join(map(str, SIDES))} [640]")),
        kind="image/jpeg",
    ),
    Operation("GET", "/api/schema", "Give this description", "an OpenAPI document"),
)
LABEL_STUDIO = (
    Operation("GET", "/health", "Say that the server is up", "`status` is `UP`"),
    Operation(
        "POST",
        "/setup",
        "Connect a Label Studio project",
        "`model_version`",
        (),
        json_body({"schema": {"type": "string", "description": "the labelling interface, XML"}}),
    ),
    Operation(
        "POST",
        "/predict",
        "Predict for the tasks of a Label Studio project",
        "`results`: a prediction for each task, in order, with the names of the project's own controls",
        (),
        json_body(
            {
                "tasks": {"type": "array", "items": {"type": "object"}},
                "label_config": {"type": "string", "description": "the labelling interface, XML"},
            },
            needed=("tasks",),
        ),
    ),
)
OPERATIONS = (*LOOK, *LABEL_STUDIO)


def openapi() -> Json:
    """Return the OpenAPI document, version 3.1."""
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
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


class SchemaRoutes:
    """The route of the description."""

    def routes(self) -> list[Route]:
        """Return it with its address."""
        return [Route("/api/schema", self.schema)]

    def schema(self, request: Request) -> JSONResponse:
        """Give the description."""
        return JSONResponse(openapi())
