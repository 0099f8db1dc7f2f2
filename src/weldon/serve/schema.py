"""The description of the interface under ``/api`` as an OpenAPI document."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from weldon.data.corrections import STATES, WITHDRAWN
from weldon.data.formats import WRITERS
from weldon.serve.answer import DEFAULT_PARTS, PARTS
from weldon.serve.look_routes import SIDES
from weldon.serve.operations import (
    CORRECTION,
    COUNT,
    CURVE,
    ITEM,
    JOB,
    LABEL,
    LISTED,
    NUMBER,
    PARCEL,
    RUNS,
    SHOWN,
    STATE,
    TEXT,
    Operation,
    by_name,
    in_path,
    in_query,
    json_body,
    json_object,
    list_of,
    openapi,
    or_null,
    picture_body,
)
from weldon.serve.review_queue import KINDS

PICTURE = in_path("number", "of the picture, as `/api/images` lists it")
ASKED = (
    in_query("class", "a class to explain; may be given several times [the predicted ones]", repeated=True),
    in_query("versus", "a rival: says where the difference of the scores comes from"),
    in_query("unseen", "1: by a head that did not learn from the picture, where there is one"),
    in_query("parts", f"of {', '.join(PARTS)}, separated by commas [{','.join(DEFAULT_PARTS)}]"),
)
PAGE = (in_query("offset", "first place in the list [0]"), in_query("limit", "how many [100]"))
ANSWER = (
    "`labels`, `scores` and `probabilities` of all classes; of those asked for: `points`, `boxes` in pixels "
    "of the upright original, `evidence` (the highest and the lowest regions, whose parts add up to "
    "the score), `heatmaps` (PNG as data URI), `maps` (cells on the picture), `photo` (the "
    "picture as it was read, a JPEG as data URI), `views` (what the page draws)"
)
NOTHING = json_body({})
LOOK = (
    Operation(
        "GET",
        "/api/run",
        "Say what the run knows",
        "name, task, classes and thresholds",
        gives={
            "run": TEXT,
            "task": TEXT,
            "classes": list_of(TEXT),
            "thresholds": by_name(NUMBER),
            "map_scale": NUMBER,
        },
    ),
    Operation(
        "GET",
        "/api/thresholds",
        "Give precision and recall of each class along its threshold",
        "`state` is `working` until the validation images are scored; then `classes` holds the curves",
        gives={**STATE, "classes": by_name(json_object(CURVE))},
    ),
    Operation(
        "POST",
        "/api/predict",
        "Answer for pictures that are sent",
        f"`images`: for each its `file_name` and `error`, or {ANSWER}",
        ASKED,
        picture_body(),
        gives={"images": list_of(json_object({**SHOWN, "error": TEXT}))},
    ),
    Operation(
        "GET",
        "/api/images",
        "List the pictures that the page may show",
        "`total`, and `images` with number, name, split and labels",
        (in_query("folder", "only those below it"), *PAGE),
        gives={
            **STATE,
            "total": COUNT,
            "images": list_of(json_object({**LISTED, "labels": list_of(TEXT), "unknown": list_of(TEXT)})),
        },
    ),
    Operation(
        "GET",
        "/api/images/{number}",
        "Answer for one of the run's pictures",
        ANSWER,
        (PICTURE, *ASKED),
        gives=SHOWN,
    ),
    Operation(
        "GET",
        "/api/images/{number}/photo",
        "Give a copy of one of the run's pictures",
        "a JPEG",
        (PICTURE, in_query("side", f"long side in pixels: {', '.join(map(str, SIDES))} [640]")),
        kind="image/jpeg",
    ),
    Operation("GET", "/api/schema", "Give this description", "an OpenAPI document"),
)
REVIEW = (
    Operation(
        "GET",
        "/api/queue",
        "Give a part of what is to be reviewed",
        "`state` is `working` until it is known, `progress` what is under way; then `total`, "
        "`reviewed`, `items` and, "
        "for suspects, `expected`: how many labels are wrong, give or take half; null of few images",
        (
            in_query("kind", f"{', '.join(KINDS)} [suspects]"),
            in_query("class", "for `class`"),
            in_query("folder", "for `folder`"),
            *PAGE,
        ),
        gives={
            **STATE,
            "progress": TEXT,
            "total": COUNT,
            "reviewed": COUNT,
            "expected": or_null(NUMBER),
            "offset": COUNT,
            "items": list_of(json_object(ITEM)),
        },
    ),
    Operation(
        "GET",
        "/api/folders",
        "List the folders that hold pictures",
        "`folders` with their counts; `joined`: the one of `--photos`, empty without it",
        gives={**STATE, "joined": TEXT, "folders": list_of(json_object({"folder": TEXT, "images": COUNT}))},
    ),
    Operation(
        "GET",
        "/api/corrections",
        "Give the latest corrections",
        "`file`, `total`, `corrections` and `conflicts`, the latest first",
        gives={
            "file": TEXT,
            "total": COUNT,
            "labels": COUNT,
            "conflicts": list_of(TEXT),
            "corrections": list_of(json_object(CORRECTION)),
        },
    ),
    Operation(
        "POST",
        "/api/corrections",
        "Write one correction down",
        "`rows` that were written, and the picture's `labels`; 409 where the label is another one by now. "
        f"`to` {WITHDRAWN} takes back what was last said: `from` is what that was",
        (),
        json_body(
            {
                "number": {"type": "integer"},
                "class": {"type": "string"},
                "from": {"enum": list(STATES)},
                "to": {"enum": [*STATES, WITHDRAWN]},
                "who": {"type": "string"},
            },
            needed=("number", "class", "from", "to"),
        ),
        gives={"rows": list_of(json_object(CORRECTION)), "labels": by_name(LABEL)},
    ),
)
TRAINING = (
    Operation(
        "GET",
        "/api/training",
        "Say how far the training is",
        "`state`, `epoch` of `epochs`, the last `lines` it said, the `runs` there are and the one `used`",
        gives={**JOB, "used": TEXT, "runs": by_name(TEXT, "the folder of each run, by its name")},
    ),
    Operation(
        "POST", "/api/training", "Train again with the corrections", "as above", (), NOTHING, gives=JOB
    ),
    Operation("POST", "/api/training/stop", "Stop the training", "as above", (), NOTHING, gives=JOB),
    Operation(
        "GET",
        "/api/comparison",
        "Give the old and the new run side by side",
        "`state`; then `runs` with mAP, AP of each class and the changed answers, on the validation images "
        "of both, against the labels as corrected",
        gives={**STATE, "runs": or_null(json_object(RUNS))},
    ),
    Operation(
        "POST",
        "/api/use",
        "Let another run answer",
        "`used`",
        (),
        json_body({"run": {"type": "string"}}, needed=("run",)),
        gives={"used": TEXT},
    ),
)
TAKE = (
    Operation(
        "GET", "/api/take", "Say how far the predictions are", "`state`, `done` of `total`", gives=PARCEL
    ),
    Operation(
        "POST",
        "/api/take",
        "Begin to write predictions of a folder",
        "`state`, `done` of `total`; one order at a time",
        (),
        json_body(
            {
                "folder": {"type": "string", "description": "of `/api/folders`; empty: all pictures"},
                "formats": {"type": "array", "items": {"enum": list(WRITERS)}},
                "thresholds": {"type": "object", "additionalProperties": {"type": "number"}},
                "points": {"type": "boolean"},
                "boxes": {"type": "boolean"},
                "masks": {"type": "boolean"},
            }
        ),
        gives=PARCEL,
    ),
    Operation("GET", "/api/take/file", "Give the predictions", "a zip", kind="application/zip"),
    Operation("GET", "/api/labels.csv", "Give the labels as corrected", "a table", kind="text/csv"),
    Operation("GET", "/api/corrections.csv", "Give the corrections", "a table", kind="text/csv"),
    Operation("GET", "/report", "Give the report of the run", "a page", kind="text/html"),
)
LABEL_STUDIO = (
    Operation(
        "GET",
        "/health",
        "Say that the server is up",
        "`status` is `UP`",
        gives={"status": TEXT, "model_class": TEXT},
    ),
    Operation(
        "POST",
        "/setup",
        "Connect a Label Studio project",
        "`model_version`",
        (),
        json_body({"schema": {"type": "string", "description": "the labelling interface, XML"}}),
        gives={"model_version": TEXT},
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
        gives={"results": list_of({"type": "object"}), "model_version": TEXT},
    ),
)
OPERATIONS = (*LOOK, *REVIEW, *TRAINING, *TAKE, *LABEL_STUDIO)


class SchemaRoutes:
    """The route of the description."""

    def routes(self) -> list[Route]:
        """Return it with its address."""
        return [Route("/api/schema", self.schema)]

    def schema(self, request: Request) -> JSONResponse:
        """Give the description."""
        return JSONResponse(openapi(OPERATIONS))
