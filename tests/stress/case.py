"""One case: a kind and a seed, from which everything follows, so that a failure can be run again alone."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from stress.attempt import Outcome, attempt
from stress.judge import Answer, judge_files, judge_outcome, judge_values, snapshot
from stress.kind import Kind, Place, fresh_place
from stress.mutation import Effect, Mutation
from stress.verbs import run


@dataclass(frozen=True)
class Verdict:
    """What became of a case.

    Args:
        name: of the case, for instance ``coco#17``.
        damage: what was done.
        accepted: the commands ended with 0.
        faults: what was wrong; none is right.
    """

    name: str
    damage: str
    accepted: bool
    faults: tuple[str, ...]


def run_case(kind: Kind, seed: int, world: Path, cases: Path) -> Verdict:
    """Damage a file, run the commands, judge."""
    place = _planted(kind, world, cases / f"{kind.name.replace('/', '-')}#{seed}")
    file = min(place.files.glob(kind.damaged))
    whole = file.read_bytes()
    mutation = kind.mutate(whole, seed, Random(f"{kind.name}#{seed}"))
    file.write_bytes(mutation.content)
    before = snapshot(place.files)
    outcomes = _run(kind, place)
    accepted = outcomes[-1].status == 0
    faults = [fault for outcome in outcomes for fault in judge_outcome(outcome, _names(kind, file))]
    faults += judge_files(before, snapshot(place.files), kind.may_change if accepted else lambda name: False)
    if accepted:
        faults += _judge_agreement(kind, place, outcomes)
        faults += _judge_accepted(kind, mutation, whole, place, outcomes, undamaged(kind, world, cases))
    elif mutation.must_accept or mutation.content == whole:
        faults.append(f"a good file is refused: {outcomes[-1].said.strip()[-300:]}")
    if not faults:
        shutil.rmtree(place.files.parent)
    return Verdict(f"{kind.name}#{seed}", mutation.name, accepted, tuple(faults[:8]))


def _names(kind: Kind, file: Path) -> list[str]:
    """Return what a refusal must name: the file, or for some kinds a value that stands in it."""
    quoted = re.findall(r'"([^"\n]{3,})"', file.read_bytes().decode(errors="replace")) if kind.quotes else []
    return [file.name, *quoted, *(Path(value).name for value in quoted)]


def _planted(kind: Kind, world: Path, folder: Path) -> Place:
    place = fresh_place(world, folder)
    kind.plant(place)
    return place


def _run(kind: Kind, place: Place) -> Sequence[Outcome]:
    outcomes: list[Outcome] = []
    for arguments in kind.commands(place):
        outcomes.append(attempt(arguments, place.files.parent, run))
        if outcomes[-1].status != 0:
            break
    return outcomes


@cache
def undamaged(kind: Kind, world: Path, cases: Path) -> Answer:
    """Return the answer to the undamaged input; it must be accepted."""
    place = _planted(kind, world, cases / f"{kind.name.replace('/', '-')}#whole{os.getpid()}")
    outcomes = _run(kind, place)
    if outcomes[-1].status != 0:
        raise AssertionError(f"{kind.name}: the undamaged input is refused: {outcomes[-1].said}")
    return kind.answer(place, outcomes)


def _touched(kind: Kind, whole: bytes, damaged: bytes) -> Collection[str] | None:
    try:
        return kind.touched(whole, damaged)
    except (ValueError, RecursionError, csv.Error):  # the tiny readers here cannot compare the two
        return None


def _judge_agreement(kind: Kind, place: Place, outcomes: Sequence[Outcome]) -> list[str]:
    if kind.agreement is None:
        return []
    labels = ["--labels", str(place.files / "labels.csv"), "--json"]
    checked = attempt(["check", str(place.files), *labels], place.files.parent, run)
    return kind.agreement(place, outcomes, checked)


def _judge_accepted(
    kind: Kind, mutation: Mutation, whole: bytes, place: Place, outcomes: Sequence[Outcome], before: Answer
) -> list[str]:
    if kind.must_fail(mutation.content):
        return ["accepted, though nothing can read these bytes as what they should be"]
    neutral = mutation.effect is Effect.NEUTRAL or mutation.content == whole
    touched = () if neutral else _touched(kind, whole, mutation.content)
    return judge_values(before, kind.answer(place, outcomes), mutation.effect, touched)
