"""The routes by which Label Studio asks a model for predictions: ``/health``, ``/setup`` and ``/predict``."""

from __future__ import annotations

import logging
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from weldon.data.formats.labelstudio import predicted_task
from weldon.data.formats.labelstudio_tasks import file_name_of, uploaded_name
from weldon.data.record import Record
from weldon.errors import DataError
from weldon.inference.output import to_annotation
from weldon.inference.predict import Predictor
from weldon.serve.labelstudio_project import Project, read_project
from weldon.serve.routes import Routes, read_object, reply
from weldon.serve.run_images import RunImages

log = logging.getLogger("weldon")
Json = dict[str, Any]


class LabelStudioRoutes(Routes):
    """The routes that a project's model settings point at."""

    def routes(self) -> list[Route]:
        """Return them with their addresses."""
        return [
            Route("/health", self.health),
            Route("/setup", self.setup, methods=["POST"]),
            Route("/predict", self.predict, methods=["POST"]),
        ]

    def health(self, request: Request) -> JSONResponse:
        """Say that the server is up."""
        return reply({"status": "UP", "model_class": "weldon"})

    async def setup(self, request: Request) -> JSONResponse:
        """Say which model answers, and refuse an interface it cannot fill."""
        read_project(_text(await read_object(request), "schema"))
        return reply({"model_version": self.state.used.name})

    async def predict(self, request: Request) -> JSONResponse:
        """Give a prediction for each task, in order; one without a result where the picture is not ours."""
        body = await read_object(request)
        tasks = body.get("tasks")
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            raise HTTPException(422, "tasks must be a list of objects")
        project = read_project(_text(body, "label_config"))
        used = self.state.used
        images = await self.state.workers.read(used.images.value)
        results = [
            await self._predict_one(used.predictor, used.name, project, images, task) for task in tasks
        ]
        return reply({"results": results, "model_version": used.name})

    async def _predict_one(
        self, predictor: Predictor, version: str, project: Project, images: RunImages, task: Json
    ) -> Json:
        record = find_picture(images, project.picture(task))
        if record is None:
            return {"model_version": version, "result": [], "score": 0.0}
        try:
            picture = await self.state.workers.read(predictor.decoded, record.path)
        except DataError as error:
            log.warning("%s", error)
            return {"model_version": version, "result": [], "score": 0.0}
        result = await self.state.workers.look(predictor.predict_named, picture, record.file_name)
        points = "keypointlabels" in project.controls
        annotation = to_annotation(result, points=points, boxes=True)
        name = str(task.get("id", record.file_name))
        prediction = predicted_task(annotation, predictor.classes, name=name, model_version=version)
        return project.fit(prediction) if project.controls else prediction


def find_picture(images: RunImages, address: str | None) -> Record | None:
    """Return the picture of the run that an address of Label Studio stands for, None where there is none.

    Only names are compared; no path of a request is ever opened.

    Args:
        images: of the run.
        address: as a task has it.
    """
    if not address:
        return None
    name = file_name_of(address).lstrip("/")
    parts = name.split("/")
    for start in range(len(parts)):  # the storage's own folders stand in front
        number = images.numbers.get("/".join(parts[start:]))
        if number is not None:
            return images.records[number]
    last = images.by_tail.get(uploaded_name(parts[-1]), images.by_tail.get(parts[-1]))
    if last is None:
        log.warning("Label Studio asked for %r, which is no picture of the run", address[:200])
        return None
    return images.records[last]


def _text(body: Json, name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise HTTPException(422, f"{name} must be text")
    return value
