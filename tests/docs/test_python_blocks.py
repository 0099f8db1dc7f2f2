"""Python blocks of pages that say they are complete run as they stand; all others are at least Python."""

from __future__ import annotations

import ast
import contextlib
import io

import pytest

from docs.pages import PAGES, ROOT, blocks, names


def test_the_pooling_of_the_page_runs_and_says_what_the_page_says():
    (block,) = blocks(ROOT / "docs" / "add-a-pooling.md", "python")
    printed, space = io.StringIO(), {}
    with contextlib.redirect_stdout(printed):
        exec(block, space)
    assert printed.getvalue() == "tensor([[1., 4.]])\n"
    assert space["maps"].shape == (1, 2, 2, 2)


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_python_blocks_are_python(page):
    for block in blocks(page, "python", "py"):
        ast.parse(block)


def test_the_bags_and_the_ordinal_space_of_the_page_do_what_the_page_says():
    learn, ordinal = blocks(ROOT / "docs" / "structured.md", "python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(learn, {})
        exec(ordinal, {})
    lines = ["['yes' 'no' 'no' 'yes']", "for 0 against 1", "[0 1 2 0 1 2] (6, 3)"]
    assert printed.getvalue().splitlines() == lines
