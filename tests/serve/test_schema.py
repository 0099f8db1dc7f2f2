"""The description of the interface names every route that there is, and no other."""

from __future__ import annotations

import re

import pytest

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


def answer_schema(page, path: str, method: str = "get") -> dict:
    operation = page.get("/api/schema").json()["paths"][path][method]
    return operation["responses"]["200"]["content"]["application/json"]["schema"]


def only_what_is_described(schema: object) -> object:
    """The schema with nothing allowed beside what it names, all the way down."""
    if isinstance(schema, list):
        return [only_what_is_described(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: only_what_is_described(value) for name, value in schema.items()}
    return strict | {"additionalProperties": False} if "properties" in schema else strict


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/run", ""),
        ("/api/thresholds", ""),
        ("/api/images", "?limit=3"),
        ("/api/images/{number}", "?parts=points,boxes,evidence,maps,photo&versus=8&class=1"),
        ("/api/queue", "?kind=class&class=8&limit=2"),
        ("/api/queue", "?kind=folder&folder=val&limit=2"),
        ("/api/folders", ""),
        ("/api/corrections", ""),
        ("/api/training", ""),
        ("/api/comparison", ""),
        ("/api/take", ""),
        ("/health", ""),
    ],
)
def test_an_answer_holds_what_its_description_names_and_nothing_else(page, path, query):
    jsonschema = pytest.importorskip("jsonschema")
    page.state.used.book.wait()
    answer = page.get(path.replace("{number}", "0") + query)
    schema = answer_schema(page, path)
    assert answer.status_code == 200
    assert len(schema["properties"]) > 1
    jsonschema.Draft202012Validator(only_what_is_described(schema)).validate(answer.json())


def test_a_program_can_correct_an_item_of_the_queue_by_what_stands_in_it(page):
    jsonschema = pytest.importorskip("jsonschema")
    page.state.used.book.wait()
    item = page.get("/api/queue?kind=class&class=8&limit=1").json()["items"][0]
    correction = {name: item[name] for name in ("number", "class", "from")} | {"to": "unknown"}
    answer = page.post("/api/corrections", json=correction)
    assert answer.json()["labels"]["8"] == "unknown"
    schema = only_what_is_described(answer_schema(page, "/api/corrections", "post"))
    jsonschema.Draft202012Validator(schema).validate(answer.json())
