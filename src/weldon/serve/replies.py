"""Answers as JSON, and every failure as one sentence under ``error``."""

from __future__ import annotations

import logging
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from weldon.errors import DataError, WeldonError, system_sentence
from weldon.files import json_values

log = logging.getLogger("weldon")


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
