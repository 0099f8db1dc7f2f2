"""What `make install` installs is what was looked at: every file by its hash, from no particular place."""

from __future__ import annotations

import re
from pathlib import Path

LOCK = (Path(__file__).parent.parent / "requirements.lock").read_text(encoding="utf-8")


def test_every_requirement_is_pinned_and_has_hashes():
    requirements = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", LOCK).strip())
    assert len(requirements) > 100
    bad = [r for r in requirements if not re.match(r"[\w.-]+==\S+ .*\\\n +--hash=sha256:[0-9a-f]{64}", r)]
    assert bad == []


def test_the_lock_names_no_place_and_holds_for_every_system():
    assert "://" not in LOCK
    assert "--universal" in LOCK
    assert "sys_platform == 'emscripten'" in LOCK or "sys_platform != 'emscripten'" in LOCK
