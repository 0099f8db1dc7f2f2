"""Review: the queue of what is to be looked at, and the corrections that people make."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from weldon.data.corrections import STATES, WITHDRAWN, Correction
from weldon.errors import UsageError
from weldon.serve.label_book import LabelBook, OtherLabelError
from weldon.serve.review_queue import KINDS, count_reviewed, described
from weldon.serve.routes import Routes, page_of, read_object, reply

SHOWN = 50  # corrections that the page lists
LONGEST_NAME = 80  # of a person


class ReviewRoutes(Routes):
    """The routes of the part."""

    def routes(self) -> list[Route]:
        """Return them with their addresses."""
        return [
            Route("/api/queue", self.queue),
            Route("/api/folders", self.folders),
            Route("/api/corrections", self.corrections),
            Route("/api/corrections", self.correct, methods=["POST"]),
        ]

    def queue(self, request: Request) -> JSONResponse:
        """Give a part of the queue, with the labels as they are by now."""
        query = request.query_params
        kind = query.get("kind", KINDS[0])
        if kind not in KINDS:
            raise UsageError(f"kind must be one of {', '.join(KINDS)}, got {kind[:40]!r}")
        used = self.state.used
        seen = used.queue(kind, query.get("class", used.classes[0]), query.get("folder", ""))
        items = seen.value
        if items is None:
            told = {"state": seen.state, "problem": seen.problem, "progress": seen.progress}
            return reply({**told, "total": 0, "items": []})
        images, book = used.images.value(), used.book.value()
        first, most = page_of(request, len(items))
        doubts = used.doubts.peek() if kind == "suspects" else None
        return reply(
            {
                "state": "done",
                "problem": "",
                "total": len(items),
                "reviewed": count_reviewed(items, images, book),
                "expected": None if doubts is None else doubts.expected,
                "offset": first,
                "items": described(items[first : first + most], images, book),
            }
        )

    def folders(self, request: Request) -> JSONResponse:
        """List the folders that hold pictures, with how many."""
        seen = self.state.used.images.seen()
        counts, joined = ({}, "") if seen.value is None else (seen.value.folders, seen.value.joined)
        listed = [{"folder": name, "images": count} for name, count in sorted(counts.items())]
        told = {"state": seen.state, "problem": seen.problem, "folders": listed, "joined": joined}
        return reply(told)

    def corrections(self, request: Request) -> JSONResponse:
        """Give the latest corrections and every contradiction."""
        book = self.state.used.book.value()
        page = book.page()
        shown = [_row(correction) for correction in page.corrections[-SHOWN:][::-1]]
        return reply(
            {
                "file": str(book.path),
                "total": len(page.corrections),
                "labels": len(page.reviewed),
                "conflicts": page.conflicts[-SHOWN:][::-1],
                "corrections": shown,
            }
        )

    async def correct(self, request: Request) -> JSONResponse:
        """Write one correction down; 409 where somebody else changed the label meanwhile."""
        body = await read_object(request)
        return await run_in_threadpool(_correct, self.state.used.book.value(), body)


def _correct(book: LabelBook, body: dict[str, Any]) -> JSONResponse:
    number, name, who = body.get("number"), body.get("class"), body.get("who", "")
    before, after = body.get("from"), body.get("to")
    if type(number) is not int or not isinstance(name, str) or not isinstance(who, str):
        raise UsageError("a correction must have a number, a class, from, to and, if given, who")
    if before not in STATES or after not in (*STATES, WITHDRAWN):
        raise UsageError(f"from and to must be one of {', '.join(STATES)}; to may be {WITHDRAWN}")
    who = who[:LONGEST_NAME]
    try:
        if after == WITHDRAWN:
            rows = book.withdraw(number, name, str(before), who=who)
        else:
            rows = book.correct(number, name, str(before), str(after), who=who)
    except OtherLabelError as error:
        return reply({"error": str(error), "label": error.label}, 409)
    return reply({"rows": [_row(row) for row in rows], "labels": book.labels(number)})


def _row(correction: Correction) -> dict[str, Any]:
    return {
        "file": correction.file_name,
        "class": correction.class_name,
        "from": correction.before,
        "to": correction.after,
        "time": correction.time,
        "who": correction.who,
    }
