"""Two processes at once: neither may take the other's files, and both answers must be right."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from stress.answers import run_values
from stress.attempt import Outcome, finish, start
from stress.case import Verdict
from stress.judge import judge_outcome
from stress.kills import compared, json_values, undisturbed
from stress.kind import Place
from stress.targets import TARGETS, Target, file_values
from stress.verbs import run

TIMES = 6


@dataclass(frozen=True)
class Pair:
    """Two commands at once.

    Args:
        target: what each would give alone.
        commands: the two.
        results: the folders that must hold whole results afterwards, by the commands' outcomes.
    """

    target: Target
    commands: Callable[[Place], Sequence[Sequence[str]]]
    results: Callable[[Place, Sequence[Outcome]], Sequence[Path]]


def _elsewhere(arguments: Sequence[str], out: Path | None) -> list[str]:
    """Return the command with another ``--out``, or with none."""
    at = list(arguments).index("--out")
    return [*arguments[:at], *(() if out is None else ("--out", str(out))), *arguments[at + 2 :]]


def _same_out(place: Place, outcomes: Sequence[Outcome]) -> list[Path]:
    return [place.out]


def _own_out(place: Place, outcomes: Sequence[Outcome]) -> list[Path]:
    found = sorted((place.files.parent / "work" / "runs").glob("*"))
    return found if len(found) == 2 else [*found, place.out / "two folders were expected"]


def _pair(name: str, *, own: bool) -> Pair:
    target = TARGETS[name]

    def commands(place: Place) -> list[list[str]]:
        arguments = list(target.command(place))
        return [_elsewhere(arguments, None) if own else arguments] * 2

    return Pair(target, commands, _own_out if own else _same_out)


def _one_cache(place: Place) -> list[list[str]]:
    arguments = TARGETS["train-frozen"].command(place)
    return [_elsewhere(arguments, place.out / name) for name in ("one", "two")]


PAIRS = {
    "train-same-out": _pair("train", own=False),
    "train-no-out": _pair("train", own=True),
    "predict-same-out": _pair("predict", own=False),
    "predict-no-out": _pair("predict", own=True),
    "one-cache": Pair(
        TARGETS["train-frozen"], _one_cache, lambda place, _: [place.out / "one", place.out / "two"]
    ),
}


def twin_names() -> list[str]:
    """Return the names of all cases."""
    return [f"twins/{name}#{number}" for name in PAIRS for number in range(TIMES)]


def run_twins(name: str, seed: str, world: Path, cases: Path) -> Verdict:
    """Start both commands within half a second, and compare what they leave with the undisturbed result."""
    pair = PAIRS[name]
    folder = cases / f"twins-{name}#{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    place = Place(world, folder / "files", folder / "out")
    place.files.mkdir(parents=True)
    first, second = pair.commands(place)
    (folder / "second").mkdir()
    (folder / "second" / "work").symlink_to(folder / "work")
    one = start(first, folder, run)
    time.sleep(Random(f"{name}#{seed}").uniform(0.0, 0.5))
    outcomes = [finish(started) for started in (one, start(second, folder / "second", run))]
    faults = [fault for outcome in outcomes for fault in judge_outcome(outcome, (str(place.out),))]
    if all(outcome.status != 0 for outcome in outcomes):
        faults.append("neither ended well")
    whole = undisturbed(pair.target, world, cases).result
    for out in pair.results(place, outcomes):
        faults += _judge_result(pair.target, out, whole)
    if not faults:
        shutil.rmtree(folder)
    return Verdict(f"twins/{name}#{seed}", "two at once", True, tuple(faults[:8]))


def _judge_result(target: Target, out: Path, whole: object) -> list[str]:
    if not out.exists():
        return [f"{out.name} is missing"]
    found = file_values(out) if target.name == "predict" else run_values(out)
    return [f"{out.name}: {fault}" for fault in compared(whole, json_values(found))]
