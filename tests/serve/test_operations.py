"""One operation as OpenAPI has it, by hand."""

from __future__ import annotations

from weldon.serve.operations import ERROR, Operation, in_path, in_query, json_body, openapi, picture_body


def test_an_operation_says_what_comes_back_and_that_it_may_be_refused():
    said = Operation("GET", "/api/run", "Say what the run knows", "its name").to_dict()
    assert said["summary"] == "Say what the run knows"
    assert said["responses"]["200"]["description"] == "its name"
    assert said["responses"]["4XX"] is ERROR
    assert "parameters" not in said
    assert "requestBody" not in said


def test_what_is_no_json_has_its_own_media_type():
    said = Operation("GET", "/x", "s", "a zip", kind="application/zip").to_dict()
    assert list(said["responses"]["200"]["content"]) == ["application/zip"]


def test_parameters_and_body_are_those_that_were_given():
    number, more = in_path("number", "of the picture"), in_query("class", "names", repeated=True)
    body = json_body({"to": {"type": "string"}}, needed=("to",))
    said = Operation("POST", "/x/{number}", "s", "a", (number, more), body).to_dict()
    assert [(one["name"], one["in"], one.get("required", False)) for one in said["parameters"]] == [
        ("number", "path", True),
        ("class", "query", False),
    ]
    assert said["parameters"][0]["schema"] == {"type": "integer"}
    assert said["parameters"][1]["schema"] == {"type": "array", "items": {"type": "string"}}
    assert said["requestBody"]["content"]["application/json"]["schema"]["required"] == ["to"]


def test_pictures_come_as_a_form_or_as_they_are():
    assert list(picture_body()["content"]) == ["multipart/form-data", "image/*"]


def test_operations_of_one_address_stand_together():
    asked = [
        Operation("GET", "/a", "look", "it"),
        Operation("POST", "/a", "say", "it"),
        Operation("GET", "/b", "x", "y"),
    ]
    paths = openapi(asked)["paths"]
    assert {path: list(methods) for path, methods in paths.items()} == {"/a": ["get", "post"], "/b": ["get"]}
    assert paths["/a"]["post"] == asked[1].to_dict()
