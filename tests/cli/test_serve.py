"""``weldon serve`` in a process of its own: what it says, whom it answers, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import ExitStack

import pytest

from fixtures.forked import Forked
from fixtures.serve_command import COMMAND, told_by

pytest.importorskip("starlette", reason="the extra serve is not installed")


def test_the_network_is_served_with_a_token_only_until_the_command_is_told_to_end(frozen_run):
    command = [*COMMAND, str(frozen_run.path), "--host", "0.0.0.0", "--port", "0", "--device", "cpu"]
    with Forked(command, stderr=subprocess.PIPE) as server:
        try:
            assert server.stderr.readline() == f"reading the run {frozen_run.path} ...\n"
            port, token = told_by(server, r":(\d+)/login\?token=(\S+)").groups()
            with socket.create_connection(("127.0.0.1", int(port)), timeout=30) as caller:
                caller.sendall(b"GET /api/run HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                assert b" 401 " in caller.recv(200)
            asked = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/run", headers={"Authorization": f"Bearer {token}"}
            )
            with urllib.request.urlopen(asked, timeout=30) as answer:
                assert answer.status == 200
        finally:
            server.terminate()
            told = server.stderr.read()
            ended = server.wait(30)
    assert (ended, "Traceback" in told) == (143, False), told


@pytest.mark.slow
@pytest.mark.parametrize(("times", "start"), [(1, Forked), (2, subprocess.Popen)])
def test_ctrl_c_ends_it_while_requests_are_answered_and_heads_are_fitted(frozen_run, times, start):
    """A picture whose bytes never come, and suspects that take long: neither is waited for."""
    command = [*COMMAND, str(frozen_run.path), "--port", "0", "--device", "cpu"]
    with start(command, stderr=subprocess.PIPE, text=True) as server, ExitStack() as opened:
        try:
            port = int(told_by(server, r"http://127\.0\.0\.1:(\d+)/")[1])
            half = b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nhalf"
            whole = b"GET /api/queue?kind=suspects HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            for request in (half, whole):
                caller = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
                caller.sendall(request)
            assert caller.recv(200)
            for _ in range(times):
                server.send_signal(signal.SIGINT)
                time.sleep(0.3)
            ended = server.wait(30)
            told = server.stderr.read()
        finally:
            server.kill()
    assert (ended, "Traceback" in told) == (130, False), told
    assert told.endswith("stopped by the keyboard\n")
