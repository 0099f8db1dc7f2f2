"""Names of classes: those that no file and no screen can hold, and those that are probably one class."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, halves of characters, line and paragraph ends
_UNSEEN = frozenset({"Zs", "Cf", "Cc", "Zl", "Zp"})
_LONGEST = 255  # of what a file may be called, and many are called after classes
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_WHOLE_NUMBER = re.compile(r"[-+]?\d+\.0*")


def name_problem(name: str) -> str | None:
    r"""Return what is wrong with a class name, None where nothing is.

    Example:
        >>> name_problem("café au lait"), name_problem("a\tb"), name_problem("\u200b")
        (None, 'holds the control character U+0009', 'holds nothing that can be seen')
    """
    if all(unicodedata.category(letter) in _UNSEEN for letter in name):
        return "holds nothing that can be seen"
    if name.splitlines() != [name]:
        return "has a line break in it"
    if len(name) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    bad = next((c for c in name if unicodedata.category(c) in _CONTROL or c in _TURNING), None)
    return None if bad is None else f"holds the control character U+{ord(bad):04X}"


def broken_names(names: Iterable[str]) -> list[str]:
    """Name the classes that cannot be kept one a line or shown."""
    found = ((name, name_problem(name)) for name in names)
    return [f"class {name[:80]!r} {problem}: correct the name" for name, problem in found if problem]


def alike_names(names: Iterable[str]) -> list[str]:
    r"""Warn of classes whose names differ only in accents' spelling, capitals, blanks or ``.0``.

    Example:
        >>> alike_names(["dog", "Cat", "cat"])[0][:46]
        "the classes 'Cat' and 'cat' differ only in cap"
        >>> alike_names(["caf\u00e9", "cafe\u0301"])[0][:52]
        "the classes 'caf\\xe9' and 'cafe\\u0301' look the same"
    """
    together: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        together[comparable(name)].append(name)
    return [_sentence(group) for group in together.values() if len(group) > 1]


def comparable(name: str) -> str:
    """Return a name without what two spellings of one class may differ in.

    Example:
        >>> comparable("Polar_bear. ") == comparable("polar  bear")
        True
    """
    seen = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    words = " ".join(seen.casefold().replace("_", " ").split()).strip(" .,;:")
    return words or name if not _WHOLE_NUMBER.fullmatch(seen) else seen.partition(".")[0]


def _sentence(group: list[str]) -> str:
    if len({unicodedata.normalize("NFC", name) for name in group}) < len(group):
        spelled = " and ".join(ascii(name) for name in group)
        shown = unicodedata.normalize("NFC", group[0])
        why = f"look the same ({shown}) and are written with other characters"
    else:
        spelled, why = " and ".join(map(repr, group)), "differ only in capitals, blanks or ends"
    return f"the classes {spelled} {why}: if they are one, write one name"
