"""The pages that are tested, and the fenced blocks in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> list[str]:
    """Return the text of each fenced block in one of these languages ("" is none)."""
    return [
        text for language, text in FENCE.findall(page.read_text(encoding="utf-8")) if language in languages
    ]


def names(pages: list[Path]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


def words(page: Path) -> str:
    """Return the running text of a page, without its blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))
