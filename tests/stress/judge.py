"""The judgement of one case, from what was seen outside: never from what the library thinks of itself."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stress.attempt import Outcome
from stress.mutation import Effect

SECONDS = 60.0  # of the processor; the undamaged commands take one or two
MEGABYTES = 900.0  # on top of an idle process; the undamaged commands take less than 200
EXACTLY = 1e-3  # scores of one picture in batches of other sizes differ by rounding


@dataclass(frozen=True)
class Answer:
    """What a command answered, item by item.

    Args:
        values: of each item (image, bag) its values by name; None is "unknown".
        told: remarks on what was left out or not understood.
    """

    values: Mapping[str, Mapping[str, Any]]
    told: Collection[str] = field(default=())


def judge_outcome(outcome: Outcome, names: Collection[str]) -> list[str]:
    """Return the faults in the way a command ended.

    Args:
        outcome: of the command.
        names: one of these must be in a refusal: the damaged file's.
    """
    faults = []
    if outcome.status is None:
        return ["it did not end in time"]
    if outcome.status not in (0, 1, 2):
        faults.append(f"exit status {outcome.status}: {_last_line(outcome.said)}")
    if "Traceback" in outcome.said:
        faults.append("a traceback")
    if outcome.status in (1, 2) and not any(name in outcome.said for name in names):
        faults.append(f"the refusal names none of {', '.join(names)}: {_last_line(outcome.said)}")
    if outcome.seconds > SECONDS:
        faults.append(f"it took {outcome.seconds:.0f} s of the processor")
    if outcome.megabytes > MEGABYTES:
        faults.append(f"it took {outcome.megabytes:.0f} MB of memory")
    return faults


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["(nothing was said)"])[-1][:300]


def judge_values(before: Answer, after: Answer, effect: Effect, touched: Collection[str] | None) -> list[str]:
    """Return what an accepted damage got wrong without a word.

    Args:
        before: the undamaged input's answer.
        after: the damaged input's.
        effect: of the damage.
        touched: the items whose part of the file differs; None: all may.
    """
    faults = _no_numbers(before, after)
    for item, values in before.values.items():
        loose = effect is not Effect.NEUTRAL and (touched is None or item in touched)
        if loose and effect is Effect.CHANGED:
            continue
        if item not in after.values:
            if not loose or not set(after.told) - set(before.told):
                faults.append(f"{item} is lost without a word")
            continue
        faults += _differences(item, values, after.values[item], loose=loose)
    return faults


def _no_numbers(before: Answer, after: Answer) -> list[str]:
    """Return the values that are no finite numbers, unless the undamaged input gives them too."""
    return [
        f"{item}: {name} is {value}"
        for item, values in after.values.items()
        for name, value in values.items()
        if isinstance(value, float) and not math.isfinite(value)
        if math.isfinite(before.values.get(item, {}).get(name) or 0.0)
    ]


def _differences(item: str, before: Mapping[str, Any], after: Mapping[str, Any], *, loose: bool) -> list[str]:
    faults = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name, False), after.get(name, False)
        if not same(old, new) and not (loose and new is None):
            faults.append(f"{item}: {name} is {new!r} in place of {old!r}")
    return faults


def same(one: Any, two: Any) -> bool:
    """Return whether two values are equal, numbers as far as rounding goes."""
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(same(a, b) for a, b in zip(one, two, strict=True))
    if type(one) in (int, float) and type(two) in (int, float):
        return math.isclose(one, two, rel_tol=EXACTLY, abs_tol=EXACTLY)
    return bool(one == two)


def snapshot(folder: Path) -> dict[str, str]:
    """Return a digest of every file below ``folder``."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def judge_files(
    before: Mapping[str, str],
    after: Mapping[str, str],
    may_change: Callable[[str], bool] = lambda name: False,
) -> list[str]:
    """Return what happened to files that were there, and drafts that were left behind.

    Args:
        before: digests by name, as :func:`snapshot` takes them.
        after: the same, later.
        may_change: files that the command is there to change.
    """
    faults = [
        f"{name} was {'changed' if name in after else 'removed'}"
        for name in before
        if after.get(name) != before[name] and not may_change(name) and not name.endswith("train.log")
    ]
    drafts = [name for name in after if name not in before and name.endswith((".part", ".partial", ".tmp"))]
    return [*faults, *(f"{name} was left behind" for name in drafts)]
