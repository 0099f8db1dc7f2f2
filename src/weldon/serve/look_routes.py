"""Look: what the run says about pictures that are sent, and about those of its own data."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from weldon.data.decode import opened
from weldon.data.greys import Window
from weldon.data.image import refused as decoding
from weldon.data.image import upright_rgb
from weldon.data.record import Record
from weldon.data.windows import has_windows, reduced
from weldon.errors import DataError, UsageError
from weldon.inference.decision import Decision
from weldon.inference.predict import Predictor
from weldon.report.data_uri import JPEG_QUALITY, shrink
from weldon.serve.answer import Asked, answer, read_asked
from weldon.serve.routes import Routes, page_of, reply
from weldon.serve.run_images import RunImages
from weldon.serve.threshold_curves import Curve
from weldon.serve.uploads import Upload, read_upload, uploads

SIDES = (160, 320, 640, 1280)  # of the copies of a picture that the page may ask for, in pixels


class LookRoutes(Routes):
    """The routes of the part."""

    def routes(self) -> list[Route]:
        """Return them with their addresses."""
        return [
            Route("/api/run", self.describe),
            Route("/api/thresholds", self.thresholds),
            Route("/api/predict", self.predict, methods=["POST"]),
            Route("/api/images", self.images),
            Route("/api/images/{number:int}", self.answer),
            Route("/api/images/{number:int}/photo", self.photo),
        ]

    def describe(self, request: Request) -> JSONResponse:
        """Say what the run knows."""
        used = self.state.used
        decision = used.predictor.decision
        return reply(
            {
                "run": used.name,
                "task": decision.task,
                "classes": used.classes,
                "thresholds": used.predictor.thresholds if decision.task == "multilabel" else {},
                "map_scale": decision.map_scale,
            }
        )

    def thresholds(self, request: Request) -> JSONResponse:
        """Give precision and recall of each class along its threshold, once they are measured."""
        seen = self.state.used.curves.seen()
        decision = self.state.used.predictor.decision
        values = {name: _with_chances(one, name, decision) for name, one in (seen.value or {}).items()}
        return reply({"state": seen.state, "problem": seen.problem, "classes": values})

    async def predict(self, request: Request) -> JSONResponse:
        """Answer for the pictures that come with the request."""
        predictor = self.state.used.predictor
        asked = read_asked(request.query_params, predictor.classes)
        async with uploads(request) as sent:
            found = [await self._look_at(upload, predictor, asked) for upload in sent]
        return reply({"images": found}, 422 if all("error" in one for one in found) else 200)

    async def _look_at(self, upload: Upload, predictor: Predictor, asked: Asked) -> dict[str, Any]:
        try:
            picture = await self.state.workers.read(read_upload, upload, predictor.transform.window)
            return await self.state.workers.look(_answer_for, predictor, picture, upload.file_name, asked)
        except DataError as error:
            return {"file_name": upload.file_name, "error": str(error)}

    def images(self, request: Request) -> JSONResponse:
        """List the pictures that the page may show, of one folder, some at a time."""
        seen = self.state.used.images.seen()
        found = seen.value
        if found is None:
            return reply({"state": seen.state, "problem": seen.problem, "total": 0, "images": []})
        numbers = found.inside(request.query_params.get("folder", ""))
        first, most = page_of(request, len(numbers))
        shown = [_listed(found, number) for number in numbers[first : first + most]]
        return reply({"state": seen.state, "problem": "", "total": len(numbers), "images": shown})

    async def answer(self, request: Request) -> JSONResponse:
        """Answer for one of the run's pictures."""
        used, workers = self.state.used, self.state.workers
        asked = read_asked(request.query_params, used.classes)
        record = await self._record(request)
        doubts = used.doubts.peek() if asked.unseen else None
        if doubts is not None:
            result = await workers.look(doubts.result, int(request.path_params["number"]))
            if result is not None:
                return reply(await workers.look(answer, result, asked))
        picture = await workers.read(used.predictor.decoded, record.path)
        return reply(await workers.look(_answer_for, used.predictor, picture, record.file_name, asked))

    async def photo(self, request: Request) -> Response:
        """Give a copy of one of the run's pictures, small enough for a page."""
        side = request.query_params.get("side", "640")
        if side not in map(str, SIDES):
            raise UsageError(f"side must be one of {', '.join(map(str, SIDES))}, got {side[:20]!r}")
        record = await self._record(request)
        window = self.state.used.predictor.transform.window
        content = await self.state.workers.read(_copy, record, int(side), window)
        return Response(content, media_type="image/jpeg", headers={"cache-control": "private, max-age=600"})

    async def _record(self, request: Request) -> Record:
        found = await self.state.workers.read(self.state.used.images.value)
        return found.record(int(request.path_params["number"]))


def _with_chances(curve: Curve, class_name: str, decision: Decision) -> dict[str, Any]:
    """Return a curve as plain values, with the probability that each threshold stands for."""
    column = decision.index(class_name)
    scores = torch.zeros(len(curve.thresholds), len(decision.classes))
    scores[:, column] = torch.tensor(curve.thresholds)
    return curve.to_dict() | {"probabilities": decision.probabilities(scores)[:, column].tolist()}


def _listed(images: RunImages, number: int) -> dict[str, Any]:
    record = images.records[number]
    return {
        "number": number,
        "file_name": record.file_name,
        "split": record.split,
        "labels": sorted(record.labels),
        "unknown": sorted(record.unknown),
        "own": number < images.labelled,
    }


def _answer_for(
    predictor: Predictor, picture: Image.Image | Path, file_name: str, asked: Asked
) -> dict[str, Any]:
    return answer(predictor.predict_named(picture, file_name), asked)


def _copy(record: Record, side: int, window: Window | None) -> bytes:
    stream = io.BytesIO()
    if has_windows(record.path):
        reduced(record.path, side, window).save(stream, "JPEG", quality=JPEG_QUALITY)
        return stream.getvalue()
    with decoding(record.path), opened(record.path) as image:
        image.draft(None, (side, side))  # a JPEG comes out smaller, and many times faster
        shrink(upright_rgb(image, window), side).save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()
