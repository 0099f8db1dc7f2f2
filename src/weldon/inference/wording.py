"""Evidence put into one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weldon.counted import counted
from weldon.inference.evidence import Evidence, Region, sum_of_parts

if TYPE_CHECKING:
    from weldon.inference.result import Result


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
    parts = [*_side("highest", evidence.top, rows), *_side("lowest", evidence.low, rows)]
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
        parts.append((f"{name:<8} {counted(len(hidden), 'more region')}", sum_of_parts(hidden)))
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


VISIBLE = 0.005  # what two decimals can show
_ROWS = ("upper", "middle", "lower")
_COLUMNS = ("left", "centre", "right")


def describe_class(result: Result, evidence: Evidence) -> str:
    """Say whether a class is predicted, what speaks for it and what against, and where most of it lies."""
    verdict = "is predicted" if evidence.class_name in result.labels else "is not predicted"
    chance = result.probabilities[evidence.class_name]
    return (
        f"{evidence.class_name} {verdict} (score {evidence.score:+.2f}, probability {chance:.2f}): "
        f"{describe_sides(result, evidence)}."
    )


def describe_sides(result: Result, evidence: Evidence) -> str:
    """Say what speaks for a class and what against it, without a verdict."""
    return f"{_for(result, evidence)}, {_against(result, evidence)}{_smoothing(evidence)}"


def describe_contest(result: Result, evidence: Evidence, rival: Evidence) -> str:
    """Say which of two classes scores higher, and how much of the lead each side of the evidence gives."""
    first, second = (evidence, rival) if evidence.score >= rival.score else (rival, evidence)
    tops, lows = first.top_sum - second.top_sum, first.low_sum - second.low_sum
    parts = [
        f"{tops:+.2f} of it from the highest regions of each class ({_peaks(result, 'top', first, second)})"
    ]
    if first.low or second.low:
        parts.append(f"{lows:+.2f} from the lowest ({_peaks(result, 'low', first, second)})")
    smoothing = first.remainder - second.remainder
    if abs(smoothing) >= VISIBLE:
        parts.append(f"{smoothing:+.2f} from smoothing")
    return (
        f"{first.class_name} ({first.score:+.2f}) scores {first.score - second.score:.2f} higher than "
        f"{second.class_name} ({second.score:+.2f}): {' and '.join(parts)}."
    )


def _peaks(result: Result, side: str, *both: Evidence) -> str:
    """Name the strongest region of one side for each class that has one."""
    kind = "highest" if side == "top" else "lowest"
    named = []
    for evidence in both:
        regions: tuple[Region, ...] = evidence.top if side == "top" else evidence.low
        if regions:
            where = place_name(regions[0], result.width, result.height)
            named.append(f"{evidence.class_name}'s {kind} {regions[0].score:+.2f} at the {where}")
    return ", ".join(named)


def place_name(region: Region, width: int, height: int) -> str:
    """Name the ninth of the image in which a region's centre lies.

    Example:
        >>> place_name(Region((0, 0, 10, 10), 0, 0, 1.0, 1.0), 100, 100)
        'upper left'
        >>> place_name(Region((45, 45, 55, 55), 4, 4, 1.0, 1.0), 100, 100)
        'centre'
    """
    x1, y1, x2, y2 = region.box
    row = _ROWS[min(2, int(1.5 * (y1 + y2) / height))]
    column = _COLUMNS[min(2, int(1.5 * (x1 + x2) / width))]
    return "centre" if (row, column) == ("middle", "centre") else f"{row} {column}"


def _for(result: Result, evidence: Evidence) -> str:
    best = evidence.top[0]
    where = place_name(best, result.width, result.height)
    best_text = f"the highest {best.score:+.2f} at the {where}"
    count = _regions(len(evidence.top), "highest", of=result.regions)
    if evidence.top_sum > 0:
        return f"{count} {_verb(evidence.top, 'speak')} for it with {evidence.top_sum:+.2f} ({best_text})"
    give = _verb(evidence.top, "give")
    if speaking := _number_that_speak(evidence.top, "for"):
        return f"{count} give {evidence.top_sum:+.2f} together, though {speaking} for it ({best_text})"
    return f"nothing speaks for it, even {count} {give} {evidence.top_sum:+.2f} ({best_text})"


def _against(result: Result, evidence: Evidence) -> str:
    if not evidence.low:
        return "and this pooling looks at no regions against it"
    worst = evidence.low[0]
    where = place_name(worst, result.width, result.height)
    worst_text = f"the lowest {worst.score:+.2f} at the {where}"
    count = _regions(len(evidence.low), "lowest")
    if evidence.low_sum < 0:
        verb = _verb(evidence.low, "speak")
        return f"and {count} {verb} against it with {evidence.low_sum:+.2f} ({worst_text})"
    give = _verb(evidence.low, "give")
    if speaking := _number_that_speak(evidence.low, "against"):
        return (
            f"and {count} give {evidence.low_sum:+.2f} together, though {speaking} against it ({worst_text})"
        )
    return f"and nothing speaks against it, even {count} {give} {evidence.low_sum:+.2f} ({worst_text})"


def _number_that_speak(regions: Sequence[Region], side: str) -> str:
    """Say how many regions speak for a class, or against it, whatever their sum; nothing where none does."""
    number = sum(region.speaks == side and region.score != 0 for region in regions)
    return f"{number} {'speaks' if number == 1 else 'speak'}" if number else ""


def _smoothing(evidence: Evidence) -> str:
    return f", and smoothing adds {evidence.remainder:+.2f}" if abs(evidence.remainder) >= VISIBLE else ""


def _regions(count: int, which: str, *, of: int | None = None) -> str:
    if count == 1:
        return f"its {which} region"
    return f"its {count} {which} regions" if of is None else f"its {count} {which} of {of} regions"


def _verb(regions: tuple[Region, ...], verb: str) -> str:
    return f"{verb}s" if len(regions) == 1 else verb
