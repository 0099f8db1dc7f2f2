"""What a request wants to know about a picture: the classes, a rival, and the parts of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from weldon.errors import UsageError

PARTS = ("points", "boxes", "evidence", "heatmaps", "maps", "views")
DEFAULT_PARTS = ("points", "boxes", "evidence")
MOST_CLASSES = 50  # in one answer, each with its evidence or map


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted.

    Args:
        classes: those to explain; empty: the predicted ones, else the best.
        versus: a rival of each, or None.
        parts: of :data:`PARTS`.
        unseen: by a head that did not learn from the picture, where there is one.
    """

    classes: tuple[str, ...] = ()
    versus: str | None = None
    parts: frozenset[str] = frozenset(DEFAULT_PARTS)
    unseen: bool = False


def read_asked(query: QueryParams, classes: Sequence[str]) -> Asked:
    """Return what the query of a request asks for.

    Args:
        query: ``class`` (several times), ``versus``, ``parts`` separated by commas, and ``unseen``.
        classes: of the run.

    Raises:
        UsageError: no such class or part; the message lists them.
    """
    wanted = tuple(dict.fromkeys(query.getlist("class")))
    versus = query.get("versus")
    for name in (*wanted, *([] if versus is None else [versus])):
        if name not in classes:
            raise UsageError(f"class must be one of {', '.join(classes)}, got {name[:100]!r}")
    if len(wanted) > MOST_CLASSES:
        raise UsageError(f"class may be given {MOST_CLASSES} times, got {len(wanted)}")
    parts = [part.strip() for part in query.get("parts", ",".join(DEFAULT_PARTS)).split(",")]
    if strange := [part for part in parts if part and part not in PARTS]:
        raise UsageError(f"parts must be among {', '.join(PARTS)}, got {strange[0][:100]!r}")
    return Asked(wanted, versus, frozenset(filter(None, parts)), query.get("unseen") == "1")
