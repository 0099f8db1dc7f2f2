"""What the routes of every part share: the state, what a request says, and answers and failures as JSON."""

from __future__ import annotations

import logging
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from weldon.errors import DataError, UsageError, WeldonError, system_sentence
from weldon.files import json_values, parse_json
from weldon.serve.state import State

log = logging.getLogger("weldon")
Json = dict[str, Any]


def reply(values: Any, status: int = 200) -> JSONResponse:
    """Return plain values as JSON; NaN and infinity become null."""
    return JSONResponse(json_values(values), status)


def refused(request: Request, error: Exception) -> JSONResponse:
    """Return what weldon refuses: 422 for files and labels, 400 for what was asked."""
    return reply({"error": str(error)}, 422 if isinstance(error, DataError) else 400)


def http_error(request: Request, error: Exception) -> JSONResponse:
    """Return an error of the protocol, as of a page that is not there."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)


def disk_error(request: Request, error: Exception) -> JSONResponse:
    """Return what the system says about a file."""
    assert isinstance(error, OSError)
    return reply({"error": system_sentence(error)}, 507)


def unforeseen(request: Request, error: Exception) -> JSONResponse:
    """Write down what nobody foresaw, and say so."""
    log.exception("weldon did not foresee this, at %s %s", request.method, request.url.path, exc_info=error)
    return reply({"error": "weldon did not foresee this; the server's terminal has the details"}, 500)


HANDLERS = {WeldonError: refused, HTTPException: http_error, OSError: disk_error, Exception: unforeseen}


class Routes:
    """The routes of one part.

    Args:
        state: of the server.
    """

    def __init__(self, state: State) -> None:
        self.state = state


async def read_object(request: Request) -> Json:
    """Return the JSON object of a request.

    Raises:
        DataError: the body is no JSON object.
    """
    text = (await request.body()).decode("utf-8", errors="replace")
    value = parse_json(text, "the request")
    if not isinstance(value, dict):
        raise DataError(f"the request must be a JSON object, got {type(value).__name__}")
    return value


def page_of(request: Request, total: int, most: int = 500) -> tuple[int, int]:
    """Return which part of a list is wanted: its first place and how many.

    Raises:
        UsageError: ``offset`` or ``limit`` is no count.
    """
    values = []
    for name, default in (("offset", 0), ("limit", 100)):
        given = request.query_params.get(name, str(default))
        if not (given.isascii() and given.isdigit() and len(given) < 10):
            raise UsageError(f"{name} must be a count, got {given[:20]!r}")
        values.append(int(given))
    return min(values[0], total), min(values[1], most)
