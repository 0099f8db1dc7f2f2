"""Names of bags as labels write them, and as the bags are called: equal, nearly equal, or two for one."""

from __future__ import annotations

from pathlib import Path

from weldon.errors import DataError
from weldon.structured import BagSource


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
            f"{len(inexact)} bags are written otherwise in {labels.name} and matched as equal numbers or "
            f"accents: {names[0]!r} is {self.bags.name(path)!r} in {self.bags.path.name}, for one",
        )
