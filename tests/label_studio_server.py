"""A real Label Studio on the loopback: start it, log in, and speak to it as its own page does."""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOKEN = "0123456789abcdef0123456789abcdef01234567"  # of a server that lives for one test
START_SECONDS = 900  # half a minute on a quiet machine


@dataclass(frozen=True)
class Server:
    """A running server.

    Args:
        address: for example ``http://127.0.0.1:8080``.
    """

    address: str

    def ask(self, path: str, content: Any = None) -> Any:
        """Return the JSON answer to a GET, or to a POST of ``content``; a refusal raises with its words."""
        status, answer = self.fetch(path, content)
        if status >= 400:
            raise RuntimeError(f"{path}: {status} {answer.decode(errors='replace')[:500]}")
        return json.loads(answer)

    def fetch(self, path: str, content: Any = None) -> tuple[int, bytes]:
        """Return status and bytes of an answer."""
        data = None if content is None else json.dumps(content).encode()
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, data, headers)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def open_project(self, config: str, storage: Path) -> int:
        """Return the id of a new project with this labelling interface and this folder of photographs."""
        project = self.ask("/api/projects/", {"title": "weldon", "label_config": config})["id"]
        local = {"project": project, "path": str(storage), "title": "photographs", "use_blob_urls": True}
        self.ask("/api/storages/localfiles/", local)
        return int(project)


@contextlib.contextmanager
def label_studio(program: str, document_root: Path, data: Path) -> Iterator[Server]:
    """Run a server that may show the files below ``document_root``; it is stopped at the end.

    Args:
        program: the command ``label-studio``.
        document_root: above the folders that projects take as storage.
        data: an empty folder for its database.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(document_root),
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    command = [program, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    command += ["--username", "weldon@example.com", "--password", "only-for-a-test-1", "--user-token", TOKEN]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=own | settings, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield _once_up(Server(f"http://127.0.0.1:{port}"), process, data / "server.log")
    finally:
        process.terminate()
        process.wait(30)


def _once_up(server: Server, process: subprocess.Popen[bytes], log: Path) -> Server:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            if server.fetch("/health")[0] == 200:
                return server
        time.sleep(1)
    raise RuntimeError(f"Label Studio did not start: {log.read_text(errors='replace')[-2000:]}")
