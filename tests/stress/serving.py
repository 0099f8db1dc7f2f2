"""A server on this machine alone that has one archive, and continues where a client has stopped."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np

from stress.kind import Place

NAME = "photos.tar"
PORT_FILE = "port.txt"


def archive() -> bytes:
    """Return the archive: six members of 300 kB that do not compress."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for number in range(6):
            content = np.random.default_rng(number).bytes(300_000)
            member = tarfile.TarInfo(f"Images/{'bar' if number % 2 else 'gym'}/{number}.jpg")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def archive_entry(place: Place) -> None:
    """Make ``mit67`` in this process the archive that the server of this world has."""
    from weldon.data.public import catalogue
    from weldon.data.public.entry import Archive

    content = archive()
    port = (place.world / PORT_FILE).read_text()
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    only = Archive(NAME, (f"http://127.0.0.1:{port}/{NAME}",), len(content), checksum)
    catalogue.CATALOGUE["mit67"] = replace(catalogue.CATALOGUE["mit67"], archives=(only,), by_hand="")


class _Handler(BaseHTTPRequestHandler):
    content = b""

    def do_GET(self) -> None:
        begin = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        if begin >= len(self.content):
            self.send_error(416)
            return
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}")
        self.send_header("Content-Length", str(len(self.content) - begin))
        self.end_headers()
        self.wfile.write(self.content[begin:])

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def serve(world: Path) -> None:
    """Serve until the process is ended; the port is written into the world first."""
    _Handler.content = archive()
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    (world / PORT_FILE).write_text(str(server.server_port))
    server.serve_forever()


def start_server(world: Path) -> subprocess.Popen[bytes]:
    """Start the server as a process and return it once its port is known."""
    (world / PORT_FILE).unlink(missing_ok=True)
    command = f"import sys, pathlib; from stress.serving import serve; serve(pathlib.Path({str(world)!r}))"
    server = subprocess.Popen([sys.executable, "-c", command])
    while server.poll() is None and not (world / PORT_FILE).exists():
        pass
    return server
