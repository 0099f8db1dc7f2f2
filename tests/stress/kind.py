"""One kind of file that the library reads: how it is written, how it is damaged, what is asked of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from stress.attempt import Outcome
from stress.judge import Answer
from stress.mutation import Mutation, Mutator

Touched = Callable[[bytes, bytes], "Collection[str] | None"]


def everything(before: bytes, after: bytes) -> None:
    """Say that any item may be touched."""


def nothing(before: bytes, after: bytes) -> Collection[str]:
    """Say that no item is touched: the values must be those of the undamaged file."""
    return ()


@dataclass(frozen=True)
class Place:
    """Where a case happens.

    Args:
        world: what all cases read: pictures and trained runs.
        files: the case's own input files; the commands must leave them as they are.
        out: a folder that does not exist yet, for the commands to write.
    """

    world: Path
    files: Path
    out: Path


def fresh_place(world: Path, folder: Path) -> Place:
    """Return a place in ``folder``, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    place = Place(world, folder / "files", folder / "out")
    place.files.mkdir(parents=True)
    return place


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Args:
        name: of the kind.
        plant: writes the undamaged input files.
        damaged: the file that is damaged, below the input files; the first that fits a pattern.
        commands: run one after the other until one does not end with 0.
        mutators: the damages, each in its turn.
        answer: what the commands answered, from their output.
        touched: which items' part of the file differs, judged from its bytes alone; None: all.
        must_fail: whether no reader of the form can read these bytes, so that they have to be refused.
        quotes: whether a refusal may quote, in place of the file's name, a value that stands in it.
        needs_world: whether the files are copied from what the library wrote.
        agreement: faults between the commands and ``weldon check`` of the same files.
        may_change: input files that the commands are there to change.
    """

    name: str
    plant: Callable[[Place], None]
    damaged: str
    commands: Callable[[Place], Sequence[Sequence[str]]]
    mutators: Sequence[Mutator]
    answer: Callable[[Place, Sequence[Outcome]], Answer]
    touched: Touched = everything
    must_fail: Callable[[bytes], bool] = lambda content: False
    quotes: bool = False
    needs_world: bool = False
    agreement: Callable[[Place, Sequence[Outcome], Outcome], list[str]] | None = None
    may_change: Callable[[str], bool] = field(default=lambda name: False)

    def mutate(self, content: bytes, seed: int, chance: Random) -> Mutation:
        """Return the damage with this number."""
        order = list(range(len(self.mutators)))
        Random(self.name).shuffle(order)  # so that a few seeds are a fair sample
        return self.mutators[order[seed % len(order)]](content, chance)


def printed(place: Place, outcomes: Sequence[Outcome]) -> Answer:
    """Return the answer that the last command, a reader, printed as JSON, with the remarks of the first."""
    found = json.loads(outcomes[-1].out)
    return Answer(found["values"], found["told"])
