"""What `make install` installs is what was looked at: every file by its hash, from no particular place."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_every_requirement_is_pinned_and_has_hashes():
    requirements = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", LOCK).strip())
    assert len(requirements) > 100
    bad = [r for r in requirements if not re.match(r"[\w.-]+==\S+ .*\\\n +--hash=sha256:[0-9a-f]{64}", r)]
    assert bad == []


def test_the_lock_names_no_place_and_holds_for_every_system():
    assert "://" not in LOCK
    assert "--universal" in LOCK
    assert "sys_platform == 'emscripten'" in LOCK or "sys_platform != 'emscripten'" in LOCK


def test_make_extras_runs_every_file_that_skips_here_for_want_of_a_package():
    called = (ROOT / "Makefile").read_text(encoding="utf-8")
    for path in (ROOT / "tests").rglob("test_*.py"):
        asked = re.findall(r'importorskip\(\s*"(\w+)', path.read_text(encoding="utf-8"))
        asked = [
            package for package in asked if package != "triton"
        ]  # which comes with torch, on some systems
        name = path.relative_to(ROOT).as_posix()
        assert name in called or all(find_spec(package) for package in asked), f"{name} needs {asked}"
