"""ARCHITECTURE.md names only files that are there; ``docs/list_files.py`` writes the list."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_file_the_page_lists_exists():
    folder, listed = "", []
    for line in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"\*\*(\w+)\*\* — ", line):
            folder = heading[1]
        elif entry := re.match(r"- `([\w/]+\.py)` ", line):
            listed.append(ROOT / "src" / "weldon" / folder / entry[1])
    assert len(listed) > 100
    assert not [path for path in listed if not path.is_file()]
