"""Downloads against a server on this machine that breaks, lies and forgets, as servers do."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from weldon.data.download import download, matches
from weldon.data.entry import Archive
from weldon.errors import DataError

CONTENT = bytes(range(256)) * 40  # 10,240 bytes
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@dataclass
class Site:
    """What the server serves and how badly.

    Args:
        files: content by path.
        cuts: bytes after which the next connections break, one each.
        ranges: whether ranges are honoured.
        asked: path and Range header of each request so far.
    """

    files: dict[str, bytes]
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    failures: list[int] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    root: str = ""

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.asked.append((request.path, asked))
        if self.failures:
            request.send_error(self.failures.pop(0))
            return
        if request.path not in self.files:
            request.send_error(404)
            return
        content = self.files[request.path]
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        if start >= len(content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(content)}")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        end = start + self.cuts.pop(0) if self.cuts else len(content)
        request.wfile.write(content[start:end])
        request.close_connection = True


@pytest.fixture
def site(monkeypatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = Site({"/a.tar": CONTENT})

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            served.answer(self)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.root = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def archive(site: Site, *names: str, **options) -> Archive:
    addresses = tuple(f"{site.root}/{name}" for name in names or ("a.tar",))
    return Archive("a.tar", addresses, **{"size": len(CONTENT), "checksum": DIGEST, **options})


def test_a_file_arrives_whole_and_leaves_no_part(site, tmp_path):
    path = download(archive(site), tmp_path / "new", pause=0)
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["a.tar"]


def test_a_broken_connection_is_taken_up_where_it_broke(site, tmp_path):
    site.cuts = [1000, 500, 3000]
    assert download(archive(site), tmp_path, pause=0).read_bytes() == CONTENT
    ranges = [asked for _, asked in site.asked]
    assert ranges == [None, "bytes=1000-", "bytes=1500-", "bytes=4500-"]


def test_a_part_of_an_earlier_call_is_continued(site, tmp_path):
    (tmp_path / "a.tar.part").write_bytes(CONTENT[:7000])
    assert download(archive(site), tmp_path, pause=0).read_bytes() == CONTENT
    assert site.asked == [("/a.tar", "bytes=7000-")]


def test_a_whole_part_is_not_fetched_again(site, tmp_path):
    (tmp_path / "a.tar.part").write_bytes(CONTENT)
    assert download(archive(site), tmp_path, pause=0).read_bytes() == CONTENT
    assert site.asked == []


def test_a_server_without_ranges_starts_anew(site, tmp_path):
    site.ranges = False
    (tmp_path / "a.tar.part").write_bytes(b"x" * 7000)
    assert download(archive(site), tmp_path, pause=0).read_bytes() == CONTENT


def test_without_a_checksum_nothing_is_continued(site, tmp_path):
    (tmp_path / "a.tar.part").write_bytes(b"x" * 7000)
    assert download(archive(site, checksum=None), tmp_path, pause=0).read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(site, tmp_path):
    (tmp_path / "a.tar.part").write_bytes(b"x" * 20_000)
    assert download(archive(site, size=None), tmp_path, pause=0).read_bytes() == CONTENT
    assert download(archive(site), tmp_path / "b", pause=0).read_bytes() == CONTENT


def test_a_part_with_wrong_bytes_is_found_out(site, tmp_path):
    (tmp_path / "a.tar.part").write_bytes(b"x" * 7000)
    with pytest.raises(DataError, match="another checksum"):
        download(archive(site), tmp_path, pause=0)
    assert download(archive(site), tmp_path, pause=0).read_bytes() == CONTENT  # the bad part is gone


def test_the_next_address_is_tried(site, tmp_path):
    site.files["/short/a.tar"] = CONTENT[:-1]  # a page that says "too many visitors" has another length
    found = download(archive(site, "gone/a.tar", "short/a.tar", "a.tar"), tmp_path, pause=0)
    assert found.read_bytes() == CONTENT


def test_a_server_that_is_busy_is_asked_again(site, tmp_path):
    site.failures = [503, 500]
    assert download(archive(site), tmp_path, pause=0).read_bytes() == CONTENT


def test_when_all_fail_every_address_is_named_with_its_reason(site, tmp_path):
    site.files["/short/a.tar"] = b"sorry"
    with pytest.raises(DataError) as error:
        download(archive(site, "gone/a.tar", "short/a.tar"), tmp_path, pause=0)
    assert error.value.problems == (
        f"{site.root}/gone/a.tar: HTTP 404 Not Found",
        f"{site.root}/short/a.tar: it offers 5 bytes instead of 10,240",
    )
    assert f"put it into {tmp_path}" in str(error.value)


def test_a_connection_that_brings_nothing_is_given_up(site, tmp_path):
    site.cuts = [100, *[0] * 10]
    with pytest.raises(DataError, match=r"connection ended after 100 of 10,240 bytes"):
        download(archive(site), tmp_path, pause=0)
    assert (tmp_path / "a.tar.part").stat().st_size == 100  # and kept for the next time


def test_a_file_that_is_there_is_verified_and_not_fetched(site, tmp_path):
    (tmp_path / "a.tar").write_bytes(CONTENT)
    download(archive(site), tmp_path, pause=0)
    assert site.asked == []


def test_a_wrong_file_that_is_there_is_not_touched(site, tmp_path):
    (tmp_path / "a.tar").write_bytes(CONTENT[::-1])
    with pytest.raises(DataError, match="not the published file"):
        download(archive(site), tmp_path, pause=0)
    assert (tmp_path / "a.tar").read_bytes() == CONTENT[::-1]


def test_a_folder_that_cannot_be_written_is_no_fault_of_the_server(site, tmp_path):
    (tmp_path / "a.tar.part").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        download(archive(site, size=None), tmp_path, pause=0)


def test_progress_counts_up_to_the_whole(site, tmp_path):
    seen: list[tuple[str, int, int | None]] = []
    (tmp_path / "a.tar.part").write_bytes(CONTENT[:9000])
    download(archive(site), tmp_path, progress=lambda *step: seen.append(step), pause=0)
    assert seen == [("fetching a.tar", 10240, 10240), ("verifying a.tar", 10240, 10240)]


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_each_published_checksum_is_understood(tmp_path: Path, algorithm):
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    right = f"{algorithm}:{hashlib.new(algorithm, CONTENT).hexdigest()}"
    assert matches(path, Archive("a", (), checksum=right))
    assert not matches(path, Archive("a", (), checksum=right[:-1] + "x"))
