"""The description of the interface names every route that there is, and no other."""

from __future__ import annotations

import re

BESIDE = {("GET", "/"), ("GET", "/login"), ("POST", "/login"), ("GET", "/static/{name}")}


def routes_of(page) -> set[tuple[str, str]]:
    found = set()
    for route in page.app.app.routes:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        found |= {(method, path) for method in route.methods if method != "HEAD"}
    return found


def test_every_route_is_described(page):
    described = {
        (method.upper(), path)
        for path, methods in page.get("/api/schema").json()["paths"].items()
        for method in methods
    }
    assert described == routes_of(page) - BESIDE


def test_every_operation_says_what_it_takes_and_what_comes_back(page):
    for path, methods in page.get("/api/schema").json()["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"]
            assert operation["responses"]["200"]["description"]
            named = set(re.findall(r"\{(\w+)\}", path))
            given = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert given == named, (method, path)
