"""Find the bag that a table of labels names, also where another program wrote the name differently."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Generic, TypeVar

from weldon.counted import counted
from weldon.data.bags.bag_source import BagSource
from weldon.errors import DataError

Bag = TypeVar("Bag")

_WHOLE = re.compile(r"([+-]?)0*([0-9]+)(?:\.0*)?")
_HINTS, _NEAR = 20, 5000  # names that get a hint, names that are looked through for it: it is slow


class BagNames(Generic[Bag]):
    """Bags by name; accents composed otherwise, and whole numbers written otherwise, are the same name.

    Args:
        named: bags by their exact names.

    Example:
        >>> names = BagNames({"7": "seven", "08": "eight"})
        >>> names.find("007"), names.find("8.0"), names.find("9")
        ('seven', 'eight', None)
    """

    def __init__(self, named: Mapping[str, Bag]) -> None:
        self._named = dict(named)
        self._composed = _clear(self._named, _composed)
        self._numbered = _clear(self._named, whole_number)
        self._hints = 0

    def find(self, name: str) -> Bag | None:
        """Return the bag of that name; of a name that could be several bags', None."""
        if name in self._named:
            return self._named[name]
        number = whole_number(name)
        return self._composed.get(_composed(name)) or (self._numbered.get(number) if number else None)

    def why_not(self, name: str, source: str) -> str:
        """Return a sentence for the user about a bag that was not found in ``source``."""
        self._hints += 1
        some = list(self._named)[:_NEAR] if self._hints <= _HINTS else []
        near = get_close_matches(name[:_NEAR], some, n=1)
        return f"no bag {name[:_NEAR]!r} in {source}" + (
            f"; there is {near[0]!r}: correct the name" if near else ""
        )


def whole_number(name: str) -> str | None:
    """Return a whole number as it is written shortest, None for any other name.

    Example:
        >>> whole_number("007"), whole_number("7.0"), whole_number("7a")
        ('7', '7', None)
    """
    found = _WHOLE.fullmatch(name)
    return found and found[1].replace("+", "") + found[2]


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _clear(named: Mapping[str, Bag], key: Callable[[str], str | None]) -> dict[str, Bag]:
    """Return bags by another key, without the keys that several bags share."""
    found: dict[str, Bag] = {}
    shared = set()
    for name, bag in _keyed(named, key):
        if found.setdefault(name, bag) != bag:
            shared.add(name)
    return {name: bag for name, bag in found.items() if name not in shared}


def _keyed(named: Mapping[str, Bag], key: Callable[[str], str | None]) -> Iterable[tuple[str, Bag]]:
    return ((new, bag) for name, bag in named.items() if (new := key(name)) is not None)


class AskedBags:
    """Finds bags, and remembers those that go by another name in the labels.

    Args:
        bags: where they are.
    """

    def __init__(self, bags: BagSource) -> None:
        self.bags = bags
        self._asked: dict[Path, dict[str, None]] = {}

    def find(self, name: str) -> Path | None:
        """Return the path of the bag of that name, or None."""
        path = self.bags.find(name)
        if path is not None:
            self._asked.setdefault(path, {})[name] = None
        return path

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about a bag that was not found."""
        return self.bags.why_not(name)

    def notes(self, labels: Path) -> tuple[str, ...]:
        """Return what is to be said about names that are written in two ways.

        Raises:
            DataError: two names of the labels came to one bag: they may mean two.
        """
        inexact = [
            (path, list(names))
            for path, names in self._asked.items()
            if set(names) - {self.bags.name(path), path.name}
        ]
        both = [
            f"{', '.join(map(repr, names))} all name {self.bags.name(path)!r}"
            for path, names in inexact
            if len(names) > 1
        ]
        if both:
            raise DataError(f"{labels} has several names for one bag of {self.bags.path}; keep one:", both)
        if not inexact:
            return ()
        path, names = inexact[0]
        return (
            f"{counted(len(inexact), 'bag is', 'bags are')} written otherwise in {labels.name} and matched "
            f"as equal numbers or accents: {names[0]!r} is {self.bags.name(path)!r} in "
            f"{self.bags.path.name}, for one",
        )
