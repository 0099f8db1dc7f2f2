"""A server that speaks as much S3 as reading takes: lists, whole objects, ranges, refusals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY = "reader"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits 40 ms for an answer to the head

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        self.server.requests.append(self.path)
        if f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
            self._refuse(403, "AccessDenied")
        elif asked.path.strip("/") == "bucket":
            self._list(parse_qs(asked.query))
        else:
            self._object(self.server.folder / unquote(asked.path).removeprefix("/bucket/"))

    do_HEAD = do_GET  # noqa: N815

    def _list(self, query: dict[str, list[str]]) -> None:
        prefix = query.get("prefix", [""])[0]
        files = [path for path in sorted(self.server.folder.rglob("*")) if path.is_file()]
        keys = {path.relative_to(self.server.folder).as_posix(): path.stat().st_size for path in files}
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>{size}</Size></Contents>"
            for key, size in keys.items()
            if key.startswith(prefix)
        )
        self._send(
            200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()
        )

    def _object(self, path: Path) -> None:
        if not path.is_file():
            self._refuse(404, "NoSuchKey")
            return
        content, wanted = path.read_bytes(), self.headers.get("Range")
        if wanted is None:
            self._send(200, content)
            return
        first, last = wanted.removeprefix("bytes=").split("-")
        part = content[int(first) : int(last) + 1 if last else None]
        self._send(206, part, f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}")

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def _send(self, status: int, content: bytes, place: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if place:
            self.send_header("Content-Range", place)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def object_store(folder: Path) -> Iterator[ThreadingHTTPServer]:
    """Serve the files of ``folder`` as the objects of ``s3://bucket`` to whoever has :data:`KEY`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.daemon_threads = True
    server.folder, server.requests = folder, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class FolderStore:
    """The two questions that are asked of a store, answered from a folder: for tests without a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, address: str) -> Path:
        return self.folder / address.removeprefix("s3://bucket").strip("/")

    def cat_file(self, address: str, start: int | None = None, end: int | None = None) -> bytes:
        return self._path(address).read_bytes()[start:end]

    def find(self, address: str, *, detail: bool) -> dict[str, dict[str, int]]:
        root = self._path(address)
        files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
        return {
            f"bucket/{path.relative_to(self.folder).as_posix()}": {"size": path.stat().st_size}
            for path in files
        }
