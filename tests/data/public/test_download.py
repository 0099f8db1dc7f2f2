"""Downloads against a server on this machine that breaks, lies and forgets, as servers do."""

from __future__ import annotations

import hashlib
import http.server
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from weldon.data.public.download import _NoLessSafe, _RefusedError, download, matches
from weldon.data.public.entry import Archive
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
        chunked: no length is told.
        moved: addresses that lead elsewhere.
        length: is told instead of the true one.
        stall: nothing comes after two thirds until this is set.
        asked: path and Range header of each request so far.
    """

    files: dict[str, bytes]
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    failures: list[int] = field(default_factory=list)
    chunked: bool = False
    length: str | None = None
    moved: dict[str, str] = field(default_factory=dict)
    stall: threading.Event | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    root: str = ""

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.asked.append((request.path, asked))
        if self.failures:
            request.send_error(self.failures.pop(0))
            return
        if request.path in self.moved:
            request.send_response(302)
            request.send_header("Location", self.moved[request.path])
            request.end_headers()
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
        if not self.chunked:  # else the end of the connection is the end of the file
            request.send_header("Content-Length", self.length or str(len(content) - start))
        request.end_headers()
        if self.stall is not None:
            request.wfile.write(content[: len(content) * 2 // 3])
            self.stall.wait(30)
            return
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


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) - 7, 1 << 40])
def test_no_more_is_written_than_the_file_has(site, tmp_path, size):
    site.files["/a.tar"] = CONTENT + bytes(3 << 20)
    site.chunked = True
    with pytest.raises(DataError, match=r"a\.tar cannot be fetched") as error:
        download(archive(site, size=size), tmp_path, pause=0)
    if size < 1 << 40:
        assert f"it sends more than the {size:,} bytes there are" in str(error.value)
        assert (tmp_path / "a.tar.part").stat().st_size <= size
    assert not (tmp_path / "a.tar").exists()


def test_a_file_of_told_size_arrives_without_a_told_length(site, tmp_path):
    site.chunked = True
    assert download(archive(site), tmp_path, pause=0).read_bytes() == CONTENT


@pytest.mark.parametrize("length", ["lots", "-5", "1e4"])
def test_a_length_that_is_no_number_is_as_none(site, tmp_path, length):
    site.length = length
    assert download(archive(site), tmp_path, pause=0).read_bytes() == CONTENT


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/a.tar", "data:,x"])
def test_an_answer_that_leaves_the_web_is_refused(site, tmp_path, place):
    site.moved["/gone/a.tar"] = place
    with pytest.raises(DataError, match=f"(it leads|Redirection) to (url .)?{place}"):
        download(archive(site, "gone/a.tar"), tmp_path, pause=0)
    assert download(archive(site, "gone/a.tar", "a.tar"), tmp_path, pause=0).read_bytes() == CONTENT


def test_an_answer_may_lead_elsewhere_but_never_from_https_to_http(site, tmp_path):
    site.moved["/old/a.tar"] = f"{site.root}/a.tar"
    assert download(archive(site, "old/a.tar"), tmp_path, pause=0).read_bytes() == CONTENT
    asked = urllib.request.Request("https://example.org/a.tar")
    with pytest.raises(_RefusedError, match="not encrypted"):
        _NoLessSafe().redirect_request(asked, None, 302, "", {}, "http://example.org/a.tar")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_said_and_the_server_not_blamed(site, tmp_path):
    (tmp_path / "a.tar.part").symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"a\.tar\.part cannot be written: no room left.*run again"):
        download(archive(site), tmp_path, pause=0)
    assert len(site.asked) == 1


KILLED = """
import sys
from pathlib import Path
from weldon.data.public.download import download
from weldon.data.public.entry import Archive
download(Archive("a.tar", (sys.argv[1],), int(sys.argv[2]), sys.argv[3]), Path(sys.argv[4]))
"""


@pytest.mark.slow
def test_a_download_that_is_killed_goes_on_where_it_was(site, tmp_path):
    content = CONTENT * 300
    facts = {"size": len(content), "checksum": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    site.files["/a.tar"], site.stall = content, threading.Event()
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, f"{site.root}/a.tar", *map(str, facts.values()), str(tmp_path)]
    )
    part = tmp_path / "a.tar.part"
    until = time.monotonic() + 100
    while not (part.exists() and part.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)
    child.kill()
    child.wait()
    site.stall.set()
    site.stall = None
    assert not (tmp_path / "a.tar").exists()
    there = part.stat().st_size
    assert 0 < there < len(content)
    assert download(archive(site, **facts), tmp_path, pause=0).read_bytes() == content
    assert site.asked == [("/a.tar", None), ("/a.tar", f"bytes={there}-")]
