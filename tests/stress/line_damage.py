"""Damage to text of lines, above all tables: rows, cells, encodings."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection
from random import Random

from stress.mutation import Effect, Mutation, Mutator

ODD_CELLS = (
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1e999",
    "9" * 5000,
    "-1",
    "\x00",
    "\x1b[31m",
    "x" * 100_000,
    "[",
    "{'a': 1}",
    "=1+1",
    "\u202e",
    "../../etc/passwd",
    "0x1p3",
    "1_0",
    "٣",
    "None",
)


def _lines(data: bytes) -> list[str]:
    return data.decode().splitlines()


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def drop_line(lines: list[str], chance: Random) -> list[str]:
    lost = chance.randrange(len(lines))
    return lines[:lost] + lines[lost + 1 :]


def double_line(lines: list[str], chance: Random) -> list[str]:
    twice = chance.randrange(1, len(lines))
    return lines[: twice + 1] + lines[twice:]


def cut_line(lines: list[str], chance: Random) -> list[str]:
    number = chance.randrange(len(lines))
    return [line[: len(line) // 2] if at == number else line for at, line in enumerate(lines)]


def join_lines(lines: list[str], chance: Random) -> list[str]:
    number = chance.randrange(len(lines) - 1)
    return [*lines[:number], lines[number] + lines[number + 1], *lines[number + 2 :]]


def stray_quote(lines: list[str], chance: Random) -> list[str]:
    number = chance.randrange(len(lines))
    at = chance.randrange(len(lines[number]) + 1)
    return [*lines[:number], lines[number][:at] + '"' + lines[number][at:], *lines[number + 1 :]]


def odd_cell(lines: list[str], chance: Random) -> list[str]:
    return _one_row(lines, chance, lambda cells: _replaced(cells, chance))


def swapped_cells(lines: list[str], chance: Random) -> list[str]:
    return _one_row(lines, chance, lambda cells: [*cells[1:], cells[0]])


def short_row(lines: list[str], chance: Random) -> list[str]:
    return _one_row(lines, chance, lambda cells: cells[:-1])


def long_row(lines: list[str], chance: Random) -> list[str]:
    return _one_row(lines, chance, lambda cells: [*cells, "more", "and more"])


def odd_heading(lines: list[str], chance: Random) -> list[str]:
    head = _replaced(lines[0].split(","), chance)
    return [",".join(head), *lines[1:]]


def heading_twice(lines: list[str], chance: Random) -> list[str]:
    cells = lines[0].split(",")
    cells[-1] = cells[0]
    return [",".join(cells), *lines[1:]]


def _replaced(cells: list[str], chance: Random) -> list[str]:
    at = chance.randrange(len(cells))
    return [chance.choice(ODD_CELLS) if number == at else cell for number, cell in enumerate(cells)]


def _one_row(lines: list[str], chance: Random, change: Callable[[list[str]], list[str]]) -> list[str]:
    number = chance.randrange(1, len(lines))
    return [*lines[:number], ",".join(change(lines[number].split(","))), *lines[number + 1 :]]


LINES = (drop_line, double_line, cut_line, join_lines, stray_quote)
CELLS = (odd_cell, swapped_cells, short_row, long_row, odd_heading, heading_twice)


def of_lines(damage: Callable[[list[str], Random], list[str]]) -> Mutator:
    """Return the mutator of a damage to lines."""
    return lambda data, chance: Mutation(damage.__name__, _text(damage(_lines(data), chance)), Effect.CHANGED)


def shuffled_rows(data: bytes, chance: Random) -> bytes:
    head, *rows = _lines(data)
    chance.shuffle(rows)
    return _text([head, *rows])


def shuffled_columns(data: bytes, chance: Random) -> bytes:
    rows = list(csv.reader(io.StringIO(data.decode())))
    order = list(range(len(rows[0])))
    chance.shuffle(order)
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([[row[at] for at in order] for row in rows])
    return stream.getvalue().encode()


def windows_ends(data: bytes, chance: Random) -> bytes:
    return data.replace(b"\n", b"\r\n")


def old_mac_ends(data: bytes, chance: Random) -> bytes:
    return data.replace(b"\n", b"\r")


def with_mark(data: bytes, chance: Random) -> bytes:
    return b"\xef\xbb\xbf" + data


def as_utf16(data: bytes, chance: Random) -> bytes:
    return data.decode().encode("utf-16")


def as_utf16_without_mark(data: bytes, chance: Random) -> bytes:
    return data.decode().encode(chance.choice(("utf-16-le", "utf-16-be")))


def as_utf32(data: bytes, chance: Random) -> bytes:
    return data.decode().encode("utf-32")


def blank_lines(data: bytes, chance: Random) -> bytes:
    lines = _lines(data)
    lines.insert(chance.randrange(1, len(lines) + 1), "")
    return _text([*lines, "", ""])


def no_last_line_end(data: bytes, chance: Random) -> bytes:
    return data.rstrip(b"\n")


SAME_TEXT = (
    windows_ends,
    with_mark,
    as_utf16,
    blank_lines,
    no_last_line_end,
    old_mac_ends,
    as_utf16_without_mark,
    as_utf32,
)
SAME_TABLE = (shuffled_rows, shuffled_columns)
GOOD = frozenset({"windows_ends", "with_mark", "no_last_line_end", "shuffled_rows"})


def neutral(damage: Callable[[bytes, Random], bytes], good: Collection[str] = GOOD) -> Mutator:
    """Return the mutator of another way to write the same."""
    return lambda data, chance: Mutation(
        damage.__name__, damage(data, chance), Effect.NEUTRAL, damage.__name__ in good
    )


def touched_lines(before: bytes, after: bytes, owner: Callable[[str], str | None]) -> set[str] | None:
    """Return the items whose line is no longer there as it was; None where the heading is not.

    Args:
        before: the undamaged text.
        after: the damaged one.
        owner: the item that a line speaks of.
    """
    old = before.decode().splitlines()
    new = after.decode("utf-8-sig", errors="replace").splitlines()
    if not new or new[0] != old[0]:
        return None
    return {item for line in old[1:] if line not in new[1:] and (item := owner(line)) is not None}
