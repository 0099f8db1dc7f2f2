"""What a request says, and how an answer or a failure looks, by hand."""

from __future__ import annotations

import asyncio
import json
import logging
from math import inf, nan

import pytest
from starlette.requests import Request

from weldon.errors import DataError, UsageError
from weldon.serve.routes import disk_error, page_of, read_object, refused, reply, unforeseen


def asked(query: str = "", body: bytes = b"") -> Request:
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/api/x", "headers": [], "query_string": query.encode()}
    return Request(scope, receive)


def told(answer) -> tuple[int, object]:
    return answer.status_code, json.loads(answer.body)


def test_what_is_no_number_is_null():
    assert told(reply({"a": nan, "b": [inf, 1.5]})) == (200, {"a": None, "b": [None, 1.5]})


@pytest.mark.parametrize(
    ("error", "status"), [(UsageError("no such class"), 400), (DataError("no picture"), 422)]
)
def test_a_refusal_says_why_and_whose_fault_it_is(error, status):
    assert told(refused(asked(), error)) == (status, {"error": str(error)})


def test_a_full_disk_is_told_in_the_systems_words():
    status, values = told(disk_error(asked(), OSError(28, "No space left on device", "/x/table.csv")))
    assert status == 507
    assert "table.csv" in values["error"]


def test_what_nobody_foresaw_is_kept_for_the_terminal_and_not_shown(caplog):
    with caplog.at_level(logging.ERROR, logger="weldon"):
        status, values = told(unforeseen(asked(), ZeroDivisionError("secret")))
    assert (status, "secret" in values["error"]) == (500, False)
    assert "secret" in caplog.text


def test_the_object_of_a_request_is_read():
    assert asyncio.run(read_object(asked(body=b'{"a": [1]}'))) == {"a": [1]}


@pytest.mark.parametrize(
    ("body", "words"), [(b"[1]", "got list"), (b"{", "the request"), (b"\xff", "the request")]
)
def test_a_body_that_is_no_object_is_refused(body, words):
    with pytest.raises(DataError, match=words):
        asyncio.run(read_object(asked(body=body)))


@pytest.mark.parametrize(
    ("query", "part"),
    [("", (0, 100)), ("offset=3&limit=2", (3, 2)), ("offset=99&limit=9999", (12, 500)), ("limit=0", (0, 0))],
)
def test_a_part_of_a_list_lies_inside_it(query, part):
    assert page_of(asked(query), 12) == part


@pytest.mark.parametrize("query", ["offset=-1", "limit=1e3", "limit=", "offset=9999999999", "limit=³"])
def test_what_is_no_count_is_refused_by_its_name(query):
    with pytest.raises(UsageError, match=f"{query.partition('=')[0]} must be a count"):
        page_of(asked(query), 12)
