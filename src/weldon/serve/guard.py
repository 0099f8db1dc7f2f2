"""Refuse strangers and requests that are too large, in front of all routes, and set the content policy."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from weldon.serve.access import COOKIE, Door, refusal

MOST_BYTES = 1 << 26  # of a request: a few photographs of a camera
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """An application behind a door.

    Args:
        app: what answers.
        door: who may ask.
        most_bytes: of a request.
    """

    def __init__(self, app: ASGIApp, door: Door, most_bytes: int = MOST_BYTES) -> None:
        self.app = app
        self.door = door
        self.most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = self._refusal(scope, headers)
        if answer is not None:
            await answer(scope, receive, _with_policy(send))
            return
        await self.app(scope, _limited(receive, self.most_bytes), _with_policy(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        reason = refusal(self.door, scope["method"], scope["path"], headers, own_cookie(headers))
        if reason == "token":
            if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
                return RedirectResponse("/login", 303)
            asked = {"www-authenticate": 'Bearer realm="weldon"'}
            return JSONResponse({"error": "show the token that the server printed"}, 401, asked)
        if reason is not None:
            return JSONResponse({"error": reason}, 403)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.most_bytes:
            return JSONResponse({"error": too_much(self.most_bytes)}, 413)
        return None


def too_much(most: int) -> str:
    """Return the sentence for an upload that is too large."""
    return f"more than {most >> 20} MiB at once: send fewer or smaller pictures"


def own_cookie(headers: Headers) -> str | None:
    """Return the value of our cookie, None where it did not come along."""
    try:
        jar = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    return jar[COOKIE].value if COOKIE in jar else None


def _limited(receive: Receive, most: int) -> Receive:
    """Count the bytes that come in, whatever the request says of its length."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, too_much(most))
        return message

    return counted


def _with_policy(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending
