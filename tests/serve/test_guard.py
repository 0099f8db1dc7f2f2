"""The guard: limits of bytes, headers of every answer, the way in with a token."""

from __future__ import annotations

import pytest

from weldon.serve.guard import HEADERS, MOST_BYTES

TOKEN = "a-long-token"


@pytest.mark.parametrize("path", ["/", "/api/run", "/static/look.js", "/nowhere", "/api/images/99999"])
def test_every_answer_carries_the_policy(page, path):
    headers = page.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS


def test_the_policy_allows_no_inline_script_and_the_page_has_none(page):
    assert "unsafe" not in HEADERS["content-security-policy"]
    text = page.get("/").text
    assert "<script>" not in text
    assert "style=" not in text
    assert " on" not in {part[:3] for part in text.split('"')}


def test_a_request_that_says_it_is_too_large_is_not_read(page):
    answer = page.post("/api/predict", content=b"x", headers={"content-length": str(MOST_BYTES + 1)})
    assert answer.status_code == 413
    assert "MiB" in answer.json()["error"]


@pytest.mark.parametrize("length", ["-1", "many", "1e9"])
def test_a_length_that_is_none_is_refused(page, length):
    assert page.post("/api/predict", content=b"x", headers={"content-length": length}).status_code in (
        400,
        413,
    )


def test_a_request_that_does_not_say_its_length_is_counted(run):
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    from starlette.testclient import TestClient

    from weldon.serve.access import open_door
    from weldon.serve.guard import Guard

    async def take(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    app = Guard(Starlette(routes=[Route("/", take, methods=["POST"])]), open_door(None, None), most_bytes=100)
    client = TestClient(app, base_url="http://localhost")
    assert client.post("/", content=iter([b"x" * 60, b"x" * 40])).text == "100"
    assert client.post("/", content=iter([b"x" * 60, b"x" * 41])).status_code == 413


def test_a_browser_without_the_token_is_led_to_the_door(open_page):
    page = open_page(token=TOKEN)
    answer = page.get("/", headers={"accept": "text/html"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert page.get("/api/run").status_code == 401


def test_the_door_opens_with_the_token_and_with_nothing_else(open_page):
    page = open_page(token=TOKEN)
    assert page.post("/login", data={"token": "wrong-token"}).status_code == 401
    assert page.get("/api/run").status_code == 401
    entered = page.post("/login", data={"token": TOKEN}, follow_redirects=False)
    assert entered.status_code == 303
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert TOKEN not in cookie
    assert page.get("/api/run").status_code == 200


def test_the_address_with_the_token_opens_and_forgets_it(open_page):
    page = open_page(token=TOKEN)
    assert page.get("/login", params={"token": "wrong-token"}).status_code == 401
    assert page.get("/api/run").status_code == 401
    answer = page.get("/login", params={"token": TOKEN}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert page.get("/api/run").status_code == 200
