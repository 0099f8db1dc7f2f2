"""Kill a command at one of its file operations or at any moment; then it must get to the same result."""

from __future__ import annotations

import json
import shutil
import signal
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from stress.attempt import attempt
from stress.case import Verdict
from stress.judge import judge_outcome
from stress.kind import Place, fresh_place
from stress.operations import Operations, counting
from stress.targets import TARGETS, Target
from stress.verbs import run

DRAFTS = (".part", ".partial", ".tmp")


@dataclass(frozen=True)
class Undisturbed:
    """What a command does when nothing disturbs it: its result, operations on files, and seconds."""

    result: Any
    operations: int
    seconds: float


def kill_names(world: Path, cases: Path, *, every: int, moments: int) -> list[str]:
    """Return the names of kills: one at every ``every``-th operation of each command, some at any moment."""
    names = []
    for target in TARGETS.values():
        count = undisturbed(target, world, cases).operations
        names += [f"kill/{target.name}#{number}" for number in range(1, count + 1, every)]
        names += [f"kill/{target.name}#moment{number}" for number in range(moments)]
    return names


def run_kill(target: Target, seed: str, world: Path, cases: Path) -> Verdict:
    """Kill the command, look at what is left, run it again, and compare the result."""
    whole = undisturbed(target, world, cases)
    place = _prepared(target, world, cases / f"kill-{target.name}#{seed}")
    moment = seed.startswith("moment")
    operations = Operations(place.files.parent, 0 if moment else int(seed))
    after = Random(f"{target.name}#{seed}").uniform(0.02, 1.0) * whole.seconds if moment else None

    def before() -> None:
        target.before(place)
        operations.install()

    killed = attempt(target.command(place), place.files.parent, run, before=before, kill_after=after)
    if killed.status == 0:  # it was quicker than the kill
        faults = compared(whole.result, json_values(target.result(place)))
    elif killed.status == -signal.SIGKILL:
        faults = [*target.left(place), *_again(target, place, whole)]
    else:
        faults = judge_outcome(killed, [""])
    if not faults:
        shutil.rmtree(place.files.parent)
    return Verdict(f"kill/{target.name}#{seed}", "killed", True, tuple(faults[:8]))


def _again(target: Target, place: Place, whole: Undisturbed) -> list[str]:
    """Return what is wrong when the command is given again, in the first way that is not refused."""
    refused = []
    for arguments in target.again(place):
        outcome = attempt(arguments, place.files.parent, run, before=lambda: target.before(place))
        if outcome.status == 0:
            return [*compared(whole.result, json_values(target.result(place))), *drafts(place)]
        refused.append(f"{' '.join(arguments[-2:])}: {outcome.status}: {outcome.err.strip()[-300:]}")
        if outcome.status not in (1, 2):
            return judge_outcome(outcome, [""])
    return [f"nothing goes on: {'; '.join(refused)}"]


def compared(before: Any, after: Any) -> list[str]:
    """Return which parts of two results are not equal to the bit."""
    names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    return [f"{name} differs from the undisturbed run's" for name in names]


def drafts(place: Place) -> list[str]:
    """Return the drafts that nobody removed."""
    found = [path for path in sorted(place.files.parent.rglob("*")) if path.name.endswith(DRAFTS)]
    return [f"{path.relative_to(place.files.parent)} is left behind" for path in found]


def json_values(values: Any) -> Any:
    """Return values as they come back from JSON."""
    return json.loads(json.dumps(values))


def _prepared(target: Target, world: Path, folder: Path) -> Place:
    place = fresh_place(world, folder)
    target.prepare(place)
    return place


@cache
def undisturbed(target: Target, world: Path, cases: Path) -> Undisturbed:
    """Run the command without disturbing it; the answer is kept on disk for other processes."""
    kept = cases / f"kill-{target.name}.json"
    if not kept.exists():
        place = _prepared(target, world, cases / f"kill-{target.name}#whole")
        operations, told = Operations(place.files.parent), place.files.parent.with_suffix(".count")

        def before() -> None:
            target.before(place)
            operations.install()

        began = time.monotonic()
        counted = counting(run, operations, told)
        outcome = attempt(target.command(place), place.files.parent, counted, before=before)
        seconds = time.monotonic() - began
        if outcome.status != 0:
            raise AssertionError(f"{target.name} fails undisturbed: {outcome.said}")
        draft = kept.with_suffix(".draft")
        draft.write_text(json.dumps([target.result(place), int(told.read_text()), seconds]))
        draft.rename(kept)
    return Undisturbed(*json.loads(kept.read_text()))
