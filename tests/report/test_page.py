"""Figures as the page prints them."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from weldon.report.page import minus, percent, render_template, share, signed, sortable

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.0"), (1.0, "100.0"), (0.12345, "12.3"), (None, "–"), (NAN, "–")]
)
def test_percent_has_one_decimal_or_a_dash(value, text):
    assert percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.0049, "<1"), (0.005, "0"), (0.006, "1"), (1.0, "100"), (NAN, "")]
)
def test_a_small_share_is_not_called_none(value, text):
    assert share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "+0.00"), (-0.0, "+0.00"), (-0.001, "+0.00"), (-1.25, "−1.25"), (12.5, "+12.50")],
)
def test_a_score_has_a_sign_and_nothing_has_no_minus(value, text):
    assert signed(value) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-0.5 and (-2)", "−0.5 and (−2)"),
        ("rolled-in-scale-3", "rolled-in-scale-3"),
        ("2-3", "2-3"),
        ("a - b", "a - b"),
    ],
)
def test_only_numbers_get_a_true_minus(text, shown):
    assert minus(text) == shown


def test_cells_sort_by_their_value_and_empty_ones_last():
    assert [sortable(value) for value in (0.25, 3, NAN, "Löwe")] == ["0.25", "3", "", "Löwe"]


def test_a_template_is_compiled_once(tmp_path, monkeypatch):
    (tmp_path / "own.html").write_text("{{ said }}")
    compiled = []
    compile_template = Environment.compile

    def compile_and_count(environment, source, *arguments, **options):
        compiled.append(source)
        return compile_template(environment, source, *arguments, **options)

    monkeypatch.setattr(Environment, "compile", compile_and_count)
    assert [render_template("own.html", tmp_path, said=said) for said in ("one", "two")] == ["one", "two"]
    assert compiled == ["{{ said }}"]
