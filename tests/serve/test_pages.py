"""The page and what it is made of: its own styles and scripts, those of the report, and no other file."""

from __future__ import annotations

import re

import pytest

from weldon.report.page import HERE as REPORT


def test_the_page_names_run_and_classes_and_loads_only_files_that_are_given(page, run):
    text = page.get("/").text
    assert 'data-task="multilabel"' in text
    assert "first" in re.search(r"<title>(.*)</title>", text)[1]
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert len(loaded) > 3
    assert {page.get(name).status_code for name in loaded} == {200}


@pytest.mark.parametrize(("name", "file"), [("report.css", "page.css"), ("sorting.js", "sorting.js")])
def test_what_the_report_has_too_is_one_file(page, name, file):
    answer = page.get(f"/static/{name}")
    assert answer.content == (REPORT / file).read_bytes()
    assert answer.headers["content-type"].startswith(
        "text/css" if name.endswith("css") else "text/javascript"
    )


@pytest.mark.parametrize("name", ["page.html", "..%2Fpages.py", "nothing.css", "page.py"])
def test_nothing_else_is_given(page, name):
    assert page.get(f"/static/{name}").status_code == 404


def test_where_no_token_is_needed_the_door_leads_to_the_page(page):
    answer = page.post("/login", data={"token": "anything"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "set-cookie" not in answer.headers
