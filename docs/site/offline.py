"""Hook of the site: a page that would fetch anything from elsewhere stops the build."""

from __future__ import annotations

import re
from typing import Any

from mkdocs.exceptions import PluginError

FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|link(?![^>]*canonical))\b[^>]*\b(?:src|href)=["'](?:https?:)?//[^"']*"""
)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    found = FETCHED.search(output)
    if found:
        raise PluginError(f"{page.file.src_uri} would fetch something: {found[0]}")
    return output
