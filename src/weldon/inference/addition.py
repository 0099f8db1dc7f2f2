"""A score written out as a sum that a reader can check with a pencil."""

from __future__ import annotations

from collections.abc import Sequence

from weldon.inference.evidence import Evidence, Region, sum_of_parts

DECIMALS = 4
Row = tuple[str, float]


def addition_table(evidence: Evidence, *, rows: int | None = 5) -> str:
    """Write a score as lines of parts, a rule and the total; the printed parts add up to the printed total.

    A part may differ by one in the last digit from its exact value, because the parts are rounded together.

    Args:
        evidence: what the score is made of.
        rows: regions shown on each side, the others summed in one line; None shows all.
    """
    parts = addition_rows(evidence, rows=rows)
    values = round_together([value for _, value in parts])
    width = max(len(text) for text in (*(text for text, _ in parts), "score"))
    lines = [
        f"{text:<{width}}  {value:>+11.{DECIMALS}f}" for (text, _), value in zip(parts, values, strict=True)
    ]
    total = f"{'score':<{width}}  {evidence.score:>+11.{DECIMALS}f}"
    return "\n".join((f"{evidence.class_name}", *lines, "-" * (width + 13), total))


def addition_rows(evidence: Evidence, *, rows: int | None = 5) -> list[Row]:
    """Return the parts of a score with what each is, their exact values adding up to it."""
    parts = [*_side("for", evidence.top, rows), *_side("against", evidence.low, rows)]
    if abs(evidence.remainder) >= 0.5 * 10**-DECIMALS:
        return [
            *parts,
            ("smoothing term: the pooling is no plain average of its regions", evidence.remainder),
        ]
    # Rounding of 32-bit sums: it goes into the largest part, where it does not show.
    largest = max(range(len(parts)), key=lambda i: abs(parts[i][1]))
    parts[largest] = (parts[largest][0], parts[largest][1] + evidence.remainder)
    return parts


def round_together(values: Sequence[float], *, decimals: int = DECIMALS) -> list[float]:
    """Round values so that the rounded ones add up to the rounded sum.

    Each is the difference of two rounded running totals, and so less than one unit of the last digit away.

    Example:
        >>> round_together([0.26, 0.26, 0.26], decimals=1)    # each alone gives 0.3, but the sum is 0.8
        [0.3, 0.2, 0.3]
    """
    rounded, total, before = [], 0.0, 0.0
    for value in values:
        total += value
        now = round(total, decimals)
        rounded.append(round(now - before, decimals))
        before = now
    return rounded


def _side(name: str, regions: Sequence[Region], rows: int | None) -> list[Row]:
    shown = regions if rows is None or len(regions) <= rows + 1 else regions[:rows]
    parts = [(_describe(name, region), region.contribution) for region in shown]
    hidden = regions[len(shown) :]
    if hidden:
        parts.append((f"{name:<8} {len(hidden)} more regions", sum_of_parts(hidden)))
    return parts


def _describe(name: str, region: Region) -> str:
    x1, y1, x2, y2 = (round(edge) for edge in region.box)
    return f"{name:<8} x {x1:>4}-{x2:<4} y {y1:>4}-{y2:<4}  {region.score:>+9.4f} {_weight(region.weight)}"


def _weight(weight: float) -> str:
    """Write a weight as a divisor where it is one over a whole number, as in means."""
    divisor = 1 / weight
    if abs(divisor - round(divisor)) < 1e-4 * divisor:
        return f"/ {round(divisor)}"
    return f"x {weight:.6f}"
