"""``docs/house.py`` counts what it says it counts, on trees small enough to count by hand."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "docs" / "house.py"


@pytest.fixture(scope="module")
def house():
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("house", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["house"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["house"]


def trees(**sources: str) -> dict[str, ast.Module]:
    """Modules of a package ``weldon`` by name, ``_`` for a dot."""
    named = {"weldon": "", **{f"weldon.{name.replace('_', '.')}": text for name, text in sources.items()}}
    return {name: ast.parse(text) for name, text in named.items()}


def test_a_name_and_a_module_of_a_package_are_told_apart(house):
    found = house.imports_of(trees(a="from weldon import b", b="", c="from weldon.a import name"))
    assert found["weldon.a"] == {"weldon.b"}
    assert found["weldon.c"] == {"weldon.a"}


def test_imports_for_types_alone_do_not_count(house):
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from weldon.b import x"
    assert house.imports_of(trees(a=text, b=""))["weldon.a"] == set()


def test_imports_of_functions_count_but_not_at_the_start(house):
    text = "def f():\n    from weldon.b import x"
    assert house.imports_of(trees(a=text, b=""))["weldon.a"] == {"weldon.b"}
    assert house.imports_of(trees(a=text, b=""), at_start=True)["weldon.a"] == set()


@pytest.mark.parametrize(
    ("imports", "groups"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, [{"a", "b"}]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"e"}, "e": {"d"}}, [{"a", "b", "c"}, {"d", "e"}]),
    ],
)
def test_circles_are_the_groups_that_import_one_another(house, imports, groups):
    assert sorted(map(sorted, house.circles(imports))) == [sorted(group) for group in groups]


def test_a_condition_on_bags_is_a_question_outside_the_files_of_bags(house):
    asks = "if recipe.bags is None:\n    pass\nvalue = 1 if holds_bag_model(run) else 2"
    found = house.questions_of_kind(
        trees(fit=asks, bag="if bags:\n    pass", data_bags_read="if bags:\n    pass")
    )
    assert found == ["weldon.fit:1", "weldon.fit:3"]


def test_the_source_has_no_circle(house):
    assert house.circles(house.imports_of(house.read_modules(), at_start=True)) == []
