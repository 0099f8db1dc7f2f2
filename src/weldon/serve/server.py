"""``weldon serve``: one process, one page, until somebody stops it."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.types import ASGIApp

from weldon.errors import UsageError, system_reason
from weldon.evaluation.selection import pixels_as_trained
from weldon.serve.access import EVERYWHERE, Door, open_door
from weldon.serve.guard import Guard
from weldon.serve.labelstudio_routes import LabelStudioRoutes
from weldon.serve.look_routes import LookRoutes
from weldon.serve.pages import PageRoutes
from weldon.serve.review_routes import ReviewRoutes
from weldon.serve.routes import HANDLERS
from weldon.serve.schema import SchemaRoutes
from weldon.serve.served_run import open_served_run
from weldon.serve.state import State
from weldon.serve.take_routes import TakeRoutes
from weldon.serve.training_routes import TrainingRoutes

if TYPE_CHECKING:
    import uvicorn

log = logging.getLogger("weldon")
WAITING = 2048  # clients that may wait in line
PATIENCE = 5  # seconds in which requests may end once the server is told to end


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


def run_server(
    run: str | Path,
    *,
    host: str | None = None,
    port: int = 8787,
    token: str | None = None,
    corrections: Path | None = None,
    photos: Path | None = None,
    device: str = "auto",
    say: Callable[[str], None] = log.info,
) -> None:
    """Serve the page of a run until Ctrl-C or SIGTERM.

    Args:
        run: a folder that ``weldon train`` wrote.
        host: the address to listen on; None: this machine alone, without a token.
        port: 0 takes a free one.
        token: that everyone must show; None makes one up where the network can ask.
        corrections: the table that people's corrections go to; None: beside the run.
        photos: one more folder of pictures that the page may show.
        device: where to compute.
        say: told the address of the page.

    Raises:
        UsageError: no finished run, a short token, or a port that is taken.
    """
    import uvicorn

    if photos is not None and not photos.is_dir():
        raise UsageError(
            f"photos must be a folder, got {str(photos)!r}: name one with pictures, or leave it out"
        )
    door = open_door(host, token)
    served = open_served_run(run, corrections=corrections, photos=photos, device=device)
    with pixels_as_trained(served.run), listen(door.host, port) as listening:
        state = State(served, photos, device)
        config = uvicorn.Config(
            build_app(state, door),
            log_level="warning",
            access_log=False,
            server_header=False,
            backlog=WAITING,
            timeout_graceful_shutdown=PATIENCE,
        )
        say(f"the page of {served.name}: {address(door, listening.getsockname()[1])}")
        say(f"corrections go to {served.corrections}; Ctrl-C ends the page")
        server = uvicorn.Server(config)
        try:
            with _ending_in_silence(server):
                server.run(sockets=[listening])
        finally:
            with _unstoppable():
                state.end()


@contextmanager
def _ending_in_silence(server: uvicorn.Server) -> Iterator[None]:
    """Keep back what uvicorn says of requests that are broken off, once it was told to end."""

    def going_on(record: logging.LogRecord) -> bool:
        return not server.should_exit

    told = logging.getLogger("uvicorn.error")
    told.addFilter(going_on)
    try:
        yield
    finally:
        told.removeFilter(going_on)


@contextmanager
def _unstoppable() -> Iterator[None]:
    """Let nobody break off the end: Python aborts where it leaves while a thread computes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        UsageError: the port is taken, or there is no such address.
    """
    if not 0 <= port < 1 << 16:
        raise UsageError(f"port must be from 0 to 65535, got {port}: 0 takes a free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(WAITING)
    except OSError as error:
        made.close()
        raise UsageError(
            f"cannot listen on {host} port {port} ({system_reason(error)}): choose another --port or --host"
        ) from error
    return made


def address(door: Door, port: int) -> str:
    """Return what to open in a browser.

    Example:
        >>> address(Door("0.0.0.0", "secret-1"), 8787).endswith(":8787/login?token=secret-1")
        True
    """
    name = socket.gethostname() if door.host in EVERYWHERE else door.host
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/" + (f"login?token={door.token}" if door.token is not None else "")
