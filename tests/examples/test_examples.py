"""The examples run, offline, and show what they say."""

from __future__ import annotations

import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def _main(name: str) -> dict[str, float]:
    return runpy.run_path(str(EXAMPLES / name))["main"]()


def test_digits_need_the_evidence_against(capsys):
    found = _main("digits_in_bags.py")
    assert found["mantra"] > max(found["lssvm"], found["gap"]) + 0.1
    assert found["instances"] > 0.9
    assert "against  the 4" in capsys.readouterr().out


def test_documents_show_the_words_for_and_against(capsys):
    found = _main("documents_as_bags.py")
    assert found["mantra"] > 0.95 > found["lssvm"]
    assert found["brilliant"] > 0 > found["boring"]
    assert "against" in capsys.readouterr().out


def test_slides_are_told_apart(capsys):
    found = runpy.run_path(str(EXAMPLES / "slide_features.py"))
    assert found["accuracy"] > 0.9
    assert "patch" in capsys.readouterr().out
