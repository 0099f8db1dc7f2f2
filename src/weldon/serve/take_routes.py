"""Take away: predictions for annotation tools, the corrected table, the corrections, the report."""

from __future__ import annotations

import math
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from weldon.choice import meant
from weldon.data.file_names import inside
from weldon.data.formats import WRITERS
from weldon.errors import UsageError
from weldon.inference.image_list import NamedImage
from weldon.serve.label_book import label_table
from weldon.serve.routes import Routes, read_object, reply
from weldon.serve.take_away import Order

# The report is one file with its own script. In a sandbox it belongs to no place: it can ask us for nothing.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; frame-ancestors 'none'"
)


class TakeRoutes(Routes):
    """The routes of the part."""

    def routes(self) -> list[Route]:
        """Return them with their addresses."""
        return [
            Route("/api/take", self.progress),
            Route("/api/take", self.take, methods=["POST"]),
            Route("/api/take/file", self.file),
            Route("/api/labels.csv", self.labels),
            Route("/api/corrections.csv", self.corrections),
            Route("/report", self.report),
        ]

    def progress(self, request: Request) -> JSONResponse:
        """Say how far the predictions are."""
        parcel = self.state.parcel
        names = ("state", "problem", "name", "done", "total", "skipped")
        served = parcel.served
        storage = {
            "root": "" if served is None else str(served.root),
            "storages": [] if served is None else [str(folder) for folder in served.folders],
        }
        return reply({name: getattr(parcel, name) for name in names} | storage | {"formats": list(WRITERS)})

    async def take(self, request: Request) -> JSONResponse:
        """Begin to write predictions of a folder."""
        body = await read_object(request)
        used = self.state.used
        images = await self.state.workers.read(used.images.value)
        folder = _text(body, "folder")
        if folder not in images.folders:
            raise UsageError(f"folder must be one of /api/folders, or empty for all, got {folder[:200]!r}")
        records = [images.records[number] for number in images.inside(folder)]
        order = Order(
            [NamedImage(record.path, inside("", record.file_name).as_posix()) for record in records],
            _texts(body, "formats"),
            _thresholds(body, used.classes),
            points=body.get("points", True) is True,
            boxes=body.get("boxes", True) is True,
            masks=body.get("masks", False) is True,
        )
        self.state.parcel.begin(used.predictor, order, f"{used.name}-predictions")
        return self.progress(request)

    def file(self, request: Request) -> Response:
        """Give the predictions that are done."""
        parcel = self.state.parcel
        if parcel.state != "done" or parcel.path is None:
            raise HTTPException(404, "no predictions are done: POST /api/take begins them")
        return FileResponse(parcel.path, media_type="application/zip", filename=f"{parcel.name}.zip")

    def labels(self, request: Request) -> Response:
        """Give the labels as corrected, as one table."""
        used = self.state.used
        return _download(label_table(used.book.value()), f"{used.name}-labels.csv")

    def corrections(self, request: Request) -> Response:
        """Give the corrections as they stand on the disk."""
        path = self.state.used.book.value().path
        if not path.is_file():
            raise HTTPException(404, "there is no correction yet")
        return FileResponse(path, media_type="text/csv", filename=path.name)

    def report(self, request: Request) -> Response:
        """Give the report of the run that answers."""
        path = self.state.used.run.report / "index.html"
        if not path.is_file():
            raise HTTPException(404, f"{path} is not there: `weldon train` writes it at its end")
        return FileResponse(path, media_type="text/html", headers={"content-security-policy": SANDBOX})


def _download(text: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{ascii(name)[1:-1]}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise UsageError(f"{name} must be text")
    return value


def _texts(body: dict[str, Any], name: str) -> list[str]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{name} must be a list of texts")
    return list(dict.fromkeys(value))


def _thresholds(body: dict[str, Any], classes: tuple[str, ...]) -> dict[str, float]:
    value = body.get("thresholds", {})
    if not isinstance(value, dict) or not set(value) <= set(classes):
        near = next((meant(name, classes) for name in value if name not in classes), "")
        raise UsageError(f"thresholds must be of the classes {', '.join(classes)}{near}")
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in value.values()):
        raise UsageError("thresholds must be numbers")
    return {name: float(one) for name, one in value.items()}
