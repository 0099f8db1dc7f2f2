"""The table that a run of the stress tests ends with."""

from __future__ import annotations

from collections.abc import Iterable

from stress.case import Verdict


def render(verdicts: Iterable[Verdict]) -> str:
    """Return one row a kind: cases, refused well, accepted right, failures."""
    kinds: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        kinds.setdefault(verdict.name.rsplit("#", 1)[0], []).append(verdict)
    rows = [(name, *_counts(found)) for name, found in sorted(kinds.items())]
    rows.append(("all", *_counts([verdict for found in kinds.values() for verdict in found])))
    head = ("kind", "cases", "refused well", "accepted right", "failures")
    lines = [" | ".join(map(str, row)) for row in (head, ("---", *("---:",) * 4), *rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _counts(verdicts: list[Verdict]) -> tuple[int, int, int, int]:
    right = [verdict for verdict in verdicts if not verdict.faults]
    accepted = sum(verdict.accepted for verdict in right)
    return len(verdicts), len(right) - accepted, accepted, len(verdicts) - len(right)
