"""All routes behind the guard: the application that a server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import ASGIApp

from weldon.serve.access import Door
from weldon.serve.guard import Guard
from weldon.serve.labelstudio_routes import LabelStudioRoutes
from weldon.serve.look_routes import LookRoutes
from weldon.serve.pages import PageRoutes
from weldon.serve.replies import HANDLERS
from weldon.serve.review_routes import ReviewRoutes
from weldon.serve.schema import SchemaRoutes
from weldon.serve.state import State
from weldon.serve.take_routes import TakeRoutes
from weldon.serve.training_routes import TrainingRoutes


def build_app(state: State, door: Door) -> ASGIApp:
    """Return the application.

    Args:
        state: what all requests share.
        door: who may ask.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        state.begin()
        yield
        state.end()

    parts = (
        PageRoutes(state, door),
        LookRoutes(state),
        ReviewRoutes(state),
        TrainingRoutes(state),
        TakeRoutes(state),
        LabelStudioRoutes(state),
        SchemaRoutes(),
    )
    routes = [route for part in parts for route in part.routes()]
    return Guard(Starlette(routes=routes, exception_handlers=HANDLERS, lifespan=lifespan), door)
