"""docs/equations.md covers every equation and names only functions, tests and recipes that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from pydoc import locate

import pytest

from weldon.recipes import list_tables, load_table

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "equations.md").read_text(encoding="utf-8")
ROWS = [re.split(r"(?<!\\)\|", line)[1:-1] for line in PAGE.splitlines() if line.startswith("|")][2:]
FUNCTIONS = sorted(set(re.findall(r"`(weldon(?:\.\w+)+)`", PAGE)))
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROW = re.compile(r"`([\w-]+)`, rows? `([\w-]+)`")


def test_every_equation_of_the_paper_has_a_row():
    covered = {int(number) for row in ROWS for number in re.findall(r"\d+", row[0]) if "Eq." in row[0]}
    assert covered == set(range(1, 15))
    for special in (
        "HCRF",
        "MSSVM",
        "GAP",
        "LSSVM",
        "DeepMIL",
        "negative evidence",
        "LSE",
        "ProNet",
        "ε-framework",
    ):
        assert any(row[0].strip().startswith("Table 1") and special in row[0] for row in ROWS), special


def test_every_row_names_a_function_and_a_test():
    assert not [row[0] for row in ROWS if "`weldon." not in row[2] or "`tests/" not in row[3]]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_exists(name):
    assert locate(name) is not None


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_test_exists(path, name):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("table", "row"), ROW.findall(PAGE))
def test_recipe_exists(table, row):
    assert table in list_tables()
    assert row == "ap" or row in {recipe.name for recipe in load_table(table).rows}
