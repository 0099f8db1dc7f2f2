"""ARCHITECTURE.md names only files that are there; ``docs/list_files.py`` writes the list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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


PAGES = ("ARCHITECTURE.md", "docs/one-image.md", "docs/add-a-pooling.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_a_page_for_engineers_names_exists(page):
    """As ``wing/file.py``, below ``src/weldon``, or from the top of the repository."""
    text = (ROOT / page).read_text(encoding="utf-8").split("<!-- files -->")[0]
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)[:`]", text)
    named = [name for name in named if not name.endswith("/x.py")]  # as a form of name, not a file
    homes = (ROOT / "src" / "weldon", ROOT)
    assert named
    assert not [name for name in named if not any((home / name).is_file() for home in homes)]


def test_one_place_says_how_an_extra_is_installed():
    """A clone is no package of an index: ``MissingPackageError`` knows the command that works here."""
    files = (ROOT / "src" / "weldon").rglob("*.py")
    assert [path.name for path in files if "weldon[" in path.read_text(encoding="utf-8")] == ["errors.py"]


WITHOUT_TESTS = {"void.py"}  # one number; this list may only grow shorter


def test_every_source_file_has_the_test_file_of_its_name():
    source, tests = ROOT / "src" / "weldon", ROOT / "tests"
    names = [path.relative_to(source) for path in source.rglob("*.py") if path.name != "__init__.py"]
    untested = {
        name.as_posix() for name in names if not (tests / name.parent / f"test_{name.name}").is_file()
    }
    assert untested == WITHOUT_TESTS
