"""Answers of Label Studio's Taxonomy: paths such as Animal / Dog, as classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

Path = tuple[str, ...]


def paths_of(answer: Sequence[str | Sequence[str]]) -> list[Path]:
    """Return the paths of one answer; a text alone is a path of one level.

    Raises:
        TypeError: something else than texts.

    Example:
        >>> paths_of([["Animal", "Dog"], "outdoor"])
        [('Animal', 'Dog'), ('outdoor',)]
    """
    paths = [(part,) if isinstance(part, str) else tuple(part) for part in answer]
    for path in paths:
        if not path or not all(isinstance(level, str) and level for level in path):
            raise TypeError(f"a taxonomy answer must be a list of names, got {list(path)!r}")
    return paths


def class_names(paths: Iterable[Path]) -> dict[Path, str]:
    """Return the class of each path: its last level, or all levels where two paths end alike.

    Example:
        >>> class_names([("Animal", "Dog"), ("Animal", "Bat"), ("Sport", "Bat")])
        {('Animal', 'Dog'): 'Dog', ('Animal', 'Bat'): 'Animal / Bat', ('Sport', 'Bat'): 'Sport / Bat'}
    """
    given = list(dict.fromkeys(paths))
    alike: dict[str, int] = defaultdict(int)
    for path in given:
        alike[path[-1]] += 1
    return {path: path[-1] if alike[path[-1]] == 1 else " / ".join(path) for path in given}


def implied(chosen: Iterable[Path], names: dict[Path, str]) -> tuple[list[str], list[str]]:
    """Return the classes that some paths say are there, and those on which they leave the question open.

    Who chose Animal / Dog saw an animal, and a class Animal is present. Who chose Animal alone did not say
    whether it is a dog: the classes beneath are unknown.

    Example:
        >>> names = class_names([("Animal",), ("Animal", "Dog"), ("Animal", "Cat")])
        >>> implied([("Animal", "Dog")], names), implied([("Animal",)], names)
        ((['Dog', 'Animal'], []), (['Animal'], ['Cat', 'Dog']))
    """
    picked = list(chosen)
    present = [names[path] for path in picked]
    present += [names[above] for path in picked for above in _above(path) if above in names]
    ends = [path for path in picked if not any(path in _above(other) for other in picked)]
    beneath = {name for path, name in names.items() for end in ends if end in _above(path)}
    return list(dict.fromkeys(present)), sorted(beneath - set(present))


def _above(path: Path) -> list[Path]:
    return [path[:levels] for levels in range(len(path) - 1, 0, -1)]
