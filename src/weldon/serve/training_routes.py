"""Train again: start it, watch it, stop it, compare, and choose which run the page uses."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from weldon.errors import UsageError
from weldon.serve.later import WAITING, Seen
from weldon.serve.routes import Routes, read_object, reply
from weldon.serve.training_job import Progress


class TrainingRoutes(Routes):
    """The routes of the part."""

    def routes(self) -> list[Route]:
        """Return them with their addresses."""
        return [
            Route("/api/training", self.progress),
            Route("/api/training", self.start, methods=["POST"]),
            Route("/api/training/stop", self.stop, methods=["POST"]),
            Route("/api/comparison", self.comparison),
            Route("/api/use", self.use, methods=["POST"]),
        ]

    def progress(self, request: Request) -> JSONResponse:
        """Say how far the training is, and which runs there are to use."""
        return reply(
            {
                **_described(self.state.job.progress()),
                "used": self.state.used.name,
                "runs": {name: str(path) for name, path in self.state.runs().items()},
            }
        )

    async def start(self, request: Request) -> JSONResponse:
        """Train the run that the page uses again, with the corrections."""
        await read_object(request)
        used = self.state.used
        await run_in_threadpool(self.state.job.start, used.run, used.book.value())
        self.state.before = used
        return reply(_described(self.state.job.progress()))

    async def stop(self, request: Request) -> JSONResponse:
        """Stop the training."""
        await read_object(request)
        await run_in_threadpool(self.state.job.stop)
        return reply(_described(self.state.job.progress()))

    def comparison(self, request: Request) -> JSONResponse:
        """Give the old and the new run side by side, once both are measured."""
        found = self.state.comparison()
        seen = Seen(WAITING, "", None) if found is None else found.seen()
        return reply({"state": seen.state, "problem": seen.problem, "runs": seen.value})

    async def use(self, request: Request) -> JSONResponse:
        """Let another run answer from now on."""
        name = (await read_object(request)).get("run")
        runs = self.state.runs()
        if not isinstance(name, str) or name not in runs:
            raise UsageError(f"run must be one of {', '.join(runs)}, got {str(name)[:100]!r}")
        await run_in_threadpool(self.state.use, name)
        return reply({"used": self.state.used.name})


def _described(progress: Progress) -> dict[str, Any]:
    return {
        "state": progress.state,
        "out": None if progress.out is None else str(progress.out),
        "epoch": progress.epoch,
        "epochs": progress.epochs,
        "seconds": round(progress.seconds, 1),
        "lines": progress.lines,
    }
