"""Damage to documents of nested lists and dictionaries: JSON, and XML in that form."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from stress.mutation import Effect, Mutation, Mutator

Path = tuple[Any, ...]
MARK = "@@MARK@@"  # stands in a document for text that no tree can hold
NONSENSE = (None, [], {}, True, [1], {"a": 1}, [[]], {"": None})
NO_NUMBERS = (float("nan"), float("inf"), float("-inf"), "x", 10**400, "nan", -(10**30))
OTHERS = (
    "\0",
    "a\0b",
    "\ud800",
    "../../etc/passwd",
    "/etc/passwd",
    "x" * 200_000,
    "\x1b[2J",
    "",
    " ",
    "é",
    "e\u0301",
    0,
    1,
    -1,
    1e308,
    2**63,
)


def paths(tree: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the way to every node below the root."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, part in items:
        yield (*at, key)
        yield from paths(part, (*at, key))


def node(tree: Any, path: Path) -> Any:
    """Return the node at ``path``."""
    for key in path:
        tree = tree[key]
    return tree


def _changed(tree: Any, path: Path, change: Callable[[Any, Any], None]) -> Any:
    """Return a copy of the tree in which ``change(parent, key)`` was done at ``path``."""
    tree = copy.deepcopy(tree)
    change(node(tree, path[:-1]), path[-1])
    return tree


def _put(tree: Any, path: Path, value: Any) -> Any:
    return _changed(tree, path, lambda parent, key: parent.__setitem__(key, value))


def nonsense(tree: Any, path: Path, chance: Random) -> Any:
    return _put(tree, path, chance.choice(NONSENSE))


def no_number(tree: Any, path: Path, chance: Random) -> Any:
    return _put(tree, path, chance.choice(NO_NUMBERS))


def other_value(tree: Any, path: Path, chance: Random) -> Any:
    return _put(tree, path, chance.choice(OTHERS))


def drop(tree: Any, path: Path, chance: Random) -> Any:
    return _changed(tree, path, lambda parent, key: parent.__delitem__(key))


def rename_key(tree: Any, path: Path, chance: Random) -> Any:
    return _changed(tree, path, lambda parent, key: parent.__setitem__(f"{key}_", parent.pop(key)))


def double(tree: Any, path: Path, chance: Random) -> Any:
    return _changed(tree, path, lambda parent, key: parent.insert(key, copy.deepcopy(parent[key])))


def deep(tree: Any, path: Path, chance: Random) -> Any:
    return _put(tree, path, f"{MARK}deep")


def many_digits(tree: Any, path: Path, chance: Random) -> Any:
    return _put(tree, path, f"{MARK}digits")


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _in(kind: type) -> Callable[[Any, Path], bool]:
    return lambda tree, path: isinstance(node(tree, path[:-1]), kind)


def _anywhere(tree: Any, path: Path) -> bool:
    return True


# What is done, where it may be done, and what it means for the items concerned.
DAMAGES: tuple[tuple[Callable[[Any, Path, Random], Any], Callable[[Any, Path], bool], Effect], ...] = (
    (nonsense, _anywhere, Effect.GARBLED),
    (no_number, lambda tree, path: _is_number(node(tree, path)), Effect.GARBLED),
    (other_value, _anywhere, Effect.CHANGED),
    (drop, _in(dict), Effect.GARBLED),
    (drop, _in(list), Effect.CHANGED),
    (rename_key, _in(dict), Effect.GARBLED),
    (double, _in(list), Effect.CHANGED),
    (deep, _anywhere, Effect.GARBLED),
    (many_digits, _anywhere, Effect.GARBLED),
)


def written(tree: Any) -> bytes:
    """Return a tree as JSON, with what no tree can hold in the places that are marked."""
    text = json.dumps(tree, indent=1, ensure_ascii=False)
    text = text.replace(f'"{MARK}deep"', "[" * 100_000 + "]" * 100_000).replace(f'"{MARK}digits"', "7" * 5000)
    return text.encode("utf-8", errors="surrogatepass")


def mutators(
    parse: Callable[[bytes], Any],
    write: Callable[[Any], bytes],
    optional: Callable[[Path], bool] = lambda path: False,
) -> tuple[Mutator, ...]:
    """Return the mutators of a kind of document.

    Args:
        parse: bytes to a tree.
        write: a tree to bytes.
        optional: whether leaving out or renaming what is at a path is no damage at all.
    """

    def of(
        damage: Callable[[Any, Path, Random], Any], allowed: Callable[[Any, Path], bool], effect: Effect
    ) -> Mutator:
        def mutate(data: bytes, chance: Random) -> Mutation:
            tree = parse(data)
            places = [path for path in paths(tree) if allowed(tree, path)]
            do, path = (
                (damage, chance.choice(places)) if places else (nonsense, chance.choice([*paths(tree)]))
            )
            told = Effect.CHANGED if effect is Effect.GARBLED and optional(path) else effect
            return Mutation(
                f"{do.__name__} at {'/'.join(map(str, path))}", write(do(tree, path, chance)), told
            )

        return mutate

    return tuple(of(*entry) for entry in DAMAGES)


def shuffled_keys(data: bytes, chance: Random) -> bytes:
    """Return JSON with the keys of every object in another order, on one line."""

    def turned(tree: Any) -> Any:
        if isinstance(tree, dict):
            keys = list(tree)
            chance.shuffle(keys)
            return {key: turned(tree[key]) for key in keys}
        return [turned(part) for part in tree] if isinstance(tree, list) else tree

    return json.dumps(turned(json.loads(data))).encode()


def differing(one: Any, two: Any, at: Path = ()) -> set[Path]:
    """Return the ways to the topmost nodes in which two trees differ."""
    if type(one) is type(two) and isinstance(one, dict):
        keys = one.keys() | two.keys()
        return {
            path
            for key in keys
            for path in (
                differing(one[key], two[key], (*at, key)) if key in one and key in two else {(*at, key)}
            )
        }
    if type(one) is type(two) and isinstance(one, list) and len(one) == len(two):
        return {
            path for number in range(len(one)) for path in differing(one[number], two[number], (*at, number))
        }
    if type(one) is type(two) and isinstance(one, list):
        return _list_difference(one, two, at)
    return set() if type(one) is type(two) and one == two else {at}


def _list_difference(one: list[Any], two: list[Any], at: Path) -> set[Path]:
    """Return the elements of ``one`` that differ when the equal ones at both ends are put aside."""
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    end = 0
    while end < min(len(one), len(two)) - start and one[-1 - end] == two[-1 - end]:
        end += 1
    return (
        {(*at, number) for number in range(start, max(len(one) - end, start + 1))}
        if start < len(one)
        else {(*at, start - 1)}
    )
