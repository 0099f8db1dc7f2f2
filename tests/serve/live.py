"""A server of the page in this process, on a port of its own, that a browser can ask."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import uvicorn

from weldon.serve.access import open_door
from weldon.serve.served_run import open_served_run
from weldon.serve.server import build_app, listen
from weldon.serve.state import State


class LivePage:
    """The page of a run, served until it is closed; it can be opened again at the same place."""

    def __init__(self, run: Path, corrections: Path, photos: Path | None = None) -> None:
        self.run, self.corrections, self.photos = run, corrections, photos
        self.port = 0
        self.open()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def open(self) -> None:
        served = open_served_run(self.run, corrections=self.corrections, photos=self.photos, device="cpu")
        self.state = State(served, self.photos, "cpu")
        self._socket = listen("127.0.0.1", self.port)
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(build_app(self.state, open_door(None, None)), log_level="warning")
        self.server: Any = uvicorn.Server(config)
        self.server.config.timeout_graceful_shutdown = 1
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()

    def close(self) -> None:
        self.server.should_exit = True
        self._thread.join()
        self._socket.close()
