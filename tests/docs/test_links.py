"""Every relative link of README and docs leads to a file that is there."""

from __future__ import annotations

import re

import pytest

from docs.pages import PAGES, names, words

LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_relative_links_resolve(page):
    assert not [target for target in LINK.findall(words(page)) if not (page.parent / target).exists()]


def test_links_are_found():
    assert LINK.findall("[a](b.md#c) [d](https://e.org) [f](#g)") == ["b.md"]
