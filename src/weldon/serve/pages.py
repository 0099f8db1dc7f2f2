"""The page itself, its styles and scripts, and the door where the token is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from weldon import __version__
from weldon.data.image import SUFFIXES
from weldon.report.page import HERE as REPORT
from weldon.serve.access import COOKIE, Door, cookie_value, same
from weldon.serve.state import State

HERE = Path(__file__).parent
KINDS = {".css": "text/css", ".js": "text/javascript"}
SHARED = {
    "report.css": REPORT / "page.css",
    "sorting.js": REPORT / "sorting.js",
    "theme.js": REPORT / "theme.js",
}
A_MONTH = 30 * 24 * 3600

TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class PageRoutes:
    """The page and what it is made of.

    Args:
        state: of the server.
        door: where the token is shown.
    """

    def __init__(self, state: State, door: Door) -> None:
        self.state = state
        self.door = door
        files = {path.name: path for path in (HERE / "static").iterdir() if path.suffix in KINDS} | SHARED
        self.static = {name: (path.read_bytes(), KINDS[path.suffix]) for name, path in files.items()}

    def routes(self) -> list[Route]:
        """Return them with their addresses."""
        return [
            Route("/", self.page),
            Route("/login", self.login, methods=["GET"]),
            Route("/login", self.enter, methods=["POST"]),
            Route("/static/{name}", self.file),
        ]

    def page(self, request: Request) -> Response:
        """Give the page."""
        used = self.state.used
        return self._render(
            "page.html",
            run=used.name,
            task=used.predictor.decision.task,
            classes=used.classes,
            map_scale=used.predictor.decision.map_scale,
            accepted=",".join(["image/*", *sorted(SUFFIXES)]),
            photos="" if self.state.photos is None else str(self.state.photos),
        )

    def login(self, request: Request) -> Response:
        """Ask for the token; one in the address becomes a cookie, so that the page's address can be shown."""
        given = request.query_params.get("token")
        return self._render("login.html", wrong=False) if given is None else self._let_in(given)

    async def enter(self, request: Request) -> Response:
        """Take the token from the form."""
        async with request.form(max_files=0, max_fields=2) as form:
            given = form.get("token")
        return self._let_in(given if isinstance(given, str) else "")

    def file(self, request: Request) -> Response:
        """Give a style or a script."""
        found = self.static.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404, "no such file")
        return Response(found[0], media_type=found[1], headers={"cache-control": "no-cache"})

    def _let_in(self, given: str) -> Response:
        if self.door.token is None:
            return RedirectResponse("/", 303)
        if not same(given.strip(), self.door.token):
            return self._render("login.html", 401, wrong=True)
        answer = RedirectResponse("/", 303)
        value = cookie_value(self.door.token)
        answer.set_cookie(COOKIE, value, max_age=A_MONTH, httponly=True, samesite="lax")
        return answer

    def _render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        text = TEMPLATES.get_template(template).render(version=__version__, **values)
        return HTMLResponse(text, status)
