"""One damage done to one file, and what may be said of its effect without asking the code under test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random

from stress.bytes_damage import ENDS, INSIDE


class Effect(Enum):
    """What a damage means for the items (images, bags) whose part of the file it touches."""

    NEUTRAL = "the file says the same in another way: every value stays"
    GARBLED = "not to be understood: known values stay or become unknown, what is left out is said"
    CHANGED = "it may say something else: no claim for what is touched"


@dataclass(frozen=True)
class Mutation:
    """The damaged bytes.

    Args:
        name: of the damage.
        content: of the damaged file.
        effect: on the items that it touches.
        must_accept: refusing it would refuse a good file.
    """

    name: str
    content: bytes
    effect: Effect
    must_accept: bool = False


Mutator = Callable[[bytes, Random], Mutation]


def of_bytes(damage: Callable[[bytes, Random], bytes], effect: Effect = Effect.CHANGED) -> Mutator:
    """Return the mutator of a damage to bytes."""
    return lambda data, chance: Mutation(damage.__name__, damage(data, chance), effect)


ANY_BYTES: tuple[Mutator, ...] = tuple(of_bytes(damage) for damage in (*ENDS, *INSIDE))
CHECKSUMMED: tuple[Mutator, ...] = tuple(of_bytes(damage, Effect.GARBLED) for damage in (*ENDS, *INSIDE))
WITHOUT_CHECKSUM: tuple[Mutator, ...] = (
    *(of_bytes(damage, Effect.GARBLED) for damage in ENDS),
    *(of_bytes(damage) for damage in INSIDE),
)
