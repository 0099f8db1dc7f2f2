"""The server: where it listens, what it says, and how it ends."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
import urllib.request
from http.client import HTTPException

import pytest

from fixtures.forked import Forked
from fixtures.serve_command import COMMAND, told_by
from weldon.data.corrections import append_correction, read_corrections
from weldon.errors import UsageError
from weldon.serve.server import listen, run_server


def test_a_port_that_is_taken_is_told_with_what_to_do():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port}.*--port"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 8787), ("127.0.0.1", 99999), ("127.0.0.1", -1)])
def test_a_place_where_nobody_can_listen_is_refused(host, port):
    with pytest.raises(UsageError, match="port"):
        listen(host, port)


def test_a_run_on_photos_that_are_no_folder_is_refused(run, tmp_path):
    with pytest.raises(UsageError, match="photos must be a folder"):
        run_server(run.path, photos=tmp_path / "nothing")


def test_a_killed_server_has_every_answer_that_it_acknowledged(run, tmp_path):
    table = tmp_path / "corrections.csv"
    command = [*COMMAND, str(run.path), "--port", "0", "--device", "cpu", "--corrections", str(table)]
    acknowledged = 0
    with Forked(command, stderr=subprocess.PIPE) as server:
        try:
            address = told_by(server, r"http://\S+")[0]
            while (
                json.load(urllib.request.urlopen(f"{address}api/queue?kind=folder", timeout=30))["total"] == 0
            ):
                time.sleep(0.1)
            items = json.load(urllib.request.urlopen(f"{address}api/queue?kind=folder", timeout=30))["items"]
            threading.Timer(0.5, server.kill).start()
            with contextlib.suppress(OSError, HTTPException):
                for _ in range(100):
                    for item in items:
                        post(f"{address}api/corrections", flipped(item, "8"))
                        acknowledged += 1
        finally:
            server.kill()
            server.stderr.read()
    rows = read_corrections(table)
    assert acknowledged > 5
    assert len(rows) in (acknowledged, acknowledged + 1)
    append_correction(table, rows[0])
    assert len(read_corrections(table)) == len(rows) + 1


def flipped(item: dict, name: str) -> dict:
    """Return a correction that turns a label round, and turn it in the item as well."""
    before = item["labels"][name]
    item["labels"][name] = "absent" if before == "present" else "present"
    return {"number": item["number"], "class": name, "from": before, "to": item["labels"][name]}


def post(address: str, values: dict) -> None:
    request = urllib.request.Request(
        address, json.dumps(values).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def test_twenty_clients_at_once_are_all_answered(run, tmp_path, picture):
    from serve.live import LivePage

    live = LivePage(run.path, tmp_path / "corrections.csv")
    statuses = []

    def ask() -> None:
        for _ in range(3):
            request = urllib.request.Request(
                f"{live.address}api/predict", picture, {"Content-Type": "image/png"}
            )
            with urllib.request.urlopen(request, timeout=120) as answer:
                statuses.append((answer.status, len(json.load(answer)["images"])))

    try:
        clients = [threading.Thread(target=ask) for _ in range(20)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    finally:
        live.close()
    assert statuses == [(200, 1)] * 60
