"""What a reader could not use, counted by kind and said in a note each."""

from __future__ import annotations

from collections import defaultdict

SHOWN = 5  # places that a note names


class LeftOut:
    """A tally of what was left out of a file.

    Args:
        source: name of the file.

    Example:
        >>> found = LeftOut("c.json")
        >>> found.add("boxes without an inside were left out", "annotation 7")
        >>> found.notes()
        ('c.json: boxes without an inside were left out (annotation 7)',)
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._places: dict[str, list[str]] = defaultdict(list)

    def add(self, what: str, where: str) -> None:
        """Count one thing of a kind.

        Args:
            what: the kind, in the plural, and what became of it.
            where: the place in the file.
        """
        self._places[what].append(where)

    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each kind, with how many there are and the first places."""
        return tuple(f"{self.source}: {what} ({_listed(places)})" for what, places in self._places.items())


def _listed(places: list[str]) -> str:
    more = len(places) - SHOWN
    count = f"{len(places)}: " if len(places) > 1 else ""
    return count + ", ".join(places[:SHOWN]) + (f", and {more} more" if more > 0 else "")
