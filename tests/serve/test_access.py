"""Who may ask: strangers' names, strangers' pages and people without the token are refused."""

from __future__ import annotations

import base64

import pytest

from weldon.errors import UsageError
from weldon.serve.access import Door, open_door, refusal

HERE = Door("127.0.0.1", None)
NETWORK = Door("0.0.0.0", "a-long-token")


def ask(door: Door, method: str = "GET", path: str = "/", *, cookie: str | None = None, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(door, method, path, {"host": "127.0.0.1:8787", **named}, cookie)


def test_this_machine_needs_no_token_and_the_network_gets_one():
    assert open_door(None, None).token is None
    assert open_door("localhost", None).token is None
    made = open_door("0.0.0.0", None).token
    assert made is not None
    assert len(made) >= 20
    assert open_door("0.0.0.0", None).token != made


@pytest.mark.parametrize("token", ["", "short", "with a blank", "möglichst-lang"])
def test_a_token_that_keeps_nobody_out_is_refused(token):
    with pytest.raises(UsageError, match="token must be at least 8"):
        open_door(None, token)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.168.0.7:8787", "", "[::1", "a b"]
)
def test_a_name_that_is_not_ours_is_refused(host):
    assert "is not called" in str(ask(HERE, host=host))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8787", "[::1]:8787"])
def test_names_of_this_machine_are_answered_at_any_port(host):
    assert ask(HERE, host=host) is None


def test_an_open_server_is_known_by_number_but_not_by_a_strangers_name():
    shown = {"authorization": "Bearer a-long-token"}
    assert ask(NETWORK, host="10.1.2.3:8787", **shown) is None
    assert "is not called" in str(ask(NETWORK, host="rebound.example", **shown))


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1"]
)
def test_another_page_changes_nothing(origin):
    assert "may not change" in str(ask(HERE, "POST", origin=origin))


def test_our_own_page_and_programs_may_post():
    assert ask(HERE, "POST", origin="http://127.0.0.1:8787", sec_fetch_site="same-origin") is None
    assert ask(HERE, "POST") is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_link_here_but_not_read(site):
    assert "may not read" in str(ask(HERE, path="/api/run", sec_fetch_site=site, sec_fetch_mode="no-cors"))
    assert ask(HERE, sec_fetch_site=site, sec_fetch_mode="navigate") is None
    assert "may not change" in str(ask(HERE, "POST", sec_fetch_site=site))


@pytest.mark.parametrize(
    "shown",
    [
        "Bearer a-long-token",
        "bearer  a-long-token ",
        "Basic " + base64.b64encode(b"weldon:a-long-token").decode(),
    ],
)
def test_the_token_is_taken_as_bearer_and_as_password(shown):
    assert ask(NETWORK, path="/api/run", authorization=shown) is None


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer a-long-toke", "Basic !!", "Basic /w==", "Digest a-long-token", "a-long-token"],
)
def test_anything_else_is_no_token(shown):
    assert ask(NETWORK, path="/api/run", authorization=shown) == "token"
    assert ask(NETWORK, path="/api/run", cookie=shown) == "token"


def test_without_the_token_only_the_door_and_its_style_are_answered():
    assert [ask(NETWORK, path=path) for path in ("/login", "/health", "/static/serve.css")] == [None] * 3
    assert ask(NETWORK, "POST", "/login") is None
    assert [ask(NETWORK, path=path) for path in ("/", "/api/schema", "/predict", "/loginx")] == ["token"] * 4
