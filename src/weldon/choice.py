"""Refuse a name that is none of those there are; the message lists them and names the one that is near."""

from __future__ import annotations

from collections.abc import Iterable

from weldon.errors import UsageError
from weldon.text import nearest_column, plain_name

SHOWN = 30  # names that a message lists
_LONGEST = 100  # characters of what was given


class UnknownNameError(UsageError, KeyError):
    """A name that is none of those there are; also a KeyError, since some stand in a dictionary."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError shows it in quotes


class NamedValues(dict[str, float]):
    """A number for each class, by name; asked for another one, it says which there are."""

    def __missing__(self, name: str) -> float:
        """Refuse a name that is no class."""
        raise unknown_name("class", name, self)


def unknown_name(what: str, given: object, names: Iterable[str]) -> UnknownNameError:
    """Return the refusal of a name.

    Args:
        what: the argument or option, as the person knows it.
        given: what stands there.
        names: those that can stand there, in their order.

    Example:
        >>> print(unknown_name("class", "hrose", ["cow", "horse"]))
        class must be one of cow, horse, got 'hrose': did you mean 'horse'?
    """
    known = list(names)
    more = f" or {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    short = given[:_LONGEST] if isinstance(given, str) else given
    said = f"{what} must be one of {', '.join(known[:SHOWN])}{more}, got {short!r}{meant(str(short), known)}"
    return UnknownNameError(said)


def meant(given: str, names: Iterable[str]) -> str:
    """Return words that ask for the name most like the one given; none where none is alike.

    Example:
        >>> meant("hrose", ["cow", "horse"]), meant("zebra", ["cow", "horse"])
        (": did you mean 'horse'?", '')
    """
    near = nearest_column(names, [plain_name(given)])
    return "" if near is None else f": did you mean {near!r}?"
