"""What is printed adds up to what is printed below the line."""

from __future__ import annotations

import re

import pytest
import torch

from weldon.inference.addition import addition_table, round_together
from weldon.inference.evidence import Evidence, Region


def regions(scores: list[float], weight: float) -> tuple[Region, ...]:
    return tuple(Region((0.0, 0.0, 10.0, 10.0), 0, i, score, weight) for i, score in enumerate(scores))


def printed(table: str) -> tuple[list[float], float]:
    """Return the parts and the total as a reader sees them."""
    values = [
        float(re.search(r"([+-]\d+\.\d{4})$", line)[1])
        for line in table.splitlines()[1:]
        if "---" not in line
    ]
    return values[:-1], values[-1]


@pytest.fixture
def evidence(generator: torch.Generator) -> Evidence:
    top = regions(torch.randn(39, generator=generator).add(2).tolist(), 1 / 78)
    low = regions(torch.randn(39, generator=generator).sub(2).tolist(), 1 / 78)
    score = sum(region.contribution for region in top + low)
    return Evidence("cat", score, top, low, 0.0)


@pytest.mark.parametrize("rows", [None, 0, 1, 5, 100])
def test_printed_parts_add_up_to_the_printed_score(evidence: Evidence, rows: int | None):
    parts, total = printed(addition_table(evidence, rows=rows))
    assert sum(parts) == pytest.approx(total, abs=1e-9)
    assert total == pytest.approx(evidence.score, abs=1e-4)


def test_hidden_regions_are_summed_in_one_line(evidence: Evidence):
    table = addition_table(evidence, rows=5)
    assert table.count("34 more regions") == 2
    assert len(table.splitlines()) == 1 + 6 + 6 + 2


def test_a_smoothing_term_has_its_own_line(evidence: Evidence):
    bent = Evidence("cat", evidence.score - 0.7, evidence.top, evidence.low, -0.7)
    table = addition_table(bent)
    assert "smoothing term" in table
    parts, total = printed(table)
    assert sum(parts) == pytest.approx(total, abs=1e-9)


def test_rounding_noise_has_no_line(evidence: Evidence):
    noisy = Evidence("cat", evidence.score + 3e-6, evidence.top, evidence.low, 3e-6)
    table = addition_table(noisy)
    assert "smoothing" not in table
    parts, total = printed(table)
    assert sum(parts) == pytest.approx(total, abs=1e-9)


def test_parts_rounded_together_stay_within_one_unit(generator: torch.Generator):
    values = torch.randn(500, generator=generator, dtype=torch.float64).tolist()
    rounded = round_together(values, decimals=3)
    assert sum(rounded) == pytest.approx(round(sum(values), 3), abs=1e-9)
    assert max(abs(a - b) for a, b in zip(values, rounded, strict=True)) < 1e-3
