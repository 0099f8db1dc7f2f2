"""What the routes of every part share: the state of the server, and what a request says."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from weldon.errors import DataError, UsageError
from weldon.files import parse_json
from weldon.serve.state import State

Json = dict[str, Any]


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
