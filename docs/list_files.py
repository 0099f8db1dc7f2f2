"""Write the list of files in ARCHITECTURE.md from the first line of each; ``--check`` only compares."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "ARCHITECTURE.md"
OPEN, CLOSE = "<!-- files -->\n", "<!-- /files -->\n"
FOLDERS = ("pooling", "losses", "metrics", "crf", "data", "models", "structured")
MIDDLE = ("runs", "inference", "training", "evaluation")
ENDS = ("recipes", "reproduce", "report", "export", "review", "serve", "cli")


def listing() -> str:
    lines = []
    for folder in (*FOLDERS, *MIDDLE, *ENDS):
        home = ROOT / "src" / "weldon" / folder
        if not home.is_dir():
            continue
        lines.append(f"**{folder}** — {first_line(home / '__init__.py')}\n")
        files = sorted(path for path in home.rglob("*.py") if path.name != "__init__.py")
        lines += [f"- `{path.relative_to(home).as_posix()}` {first_line(path)}" for path in files]
        lines.append("")
    return "\n".join(lines) + "\n"


def first_line(path: Path) -> str:
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(words.split("\n\n")[0].split())


def page_with_listing() -> str:
    before, rest = PAGE.read_text(encoding="utf-8").split(OPEN)
    after = rest.split(CLOSE)[1]
    return before + OPEN + "\n" + listing() + CLOSE + after


if __name__ == "__main__":
    wanted = page_with_listing()
    if "--check" in sys.argv:
        same = PAGE.read_text(encoding="utf-8") == wanted
        sys.exit(0 if same else "ARCHITECTURE.md is not true: run docs/list_files.py")
    PAGE.write_text(wanted, encoding="utf-8")
