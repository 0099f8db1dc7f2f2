"""Corrections of labels in a table of their own: add, read and apply them; the user's file is left alone."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from weldon.data.file_names import UNFIT, is_fit
from weldon.data.image import SUFFIXES
from weldon.data.record import LabelSet, Record
from weldon.errors import DataError, UsageError
from weldon.files import write_csv
from weldon.growing_table import append_row, read_rows

log = logging.getLogger("weldon")

PRESENT, ABSENT, UNKNOWN = STATES = ("present", "absent", "unknown")
WITHDRAWN = "withdrawn"  # in `to`: the latest row of this file and class that says `from` does not count
COLUMNS = ("file", "class", "from", "to", "time", "who")
NEEDED = COLUMNS[:4]

Cell = tuple[int, str]  # position of the record, class
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Correction:
    """What one person said about one class of one image.

    Args:
        file_name: the name the image goes by in the label file.
        class_name: the class.
        before: ``present``, ``absent`` or ``unknown``: what the label was when the person looked.
        after: what it is; the same as ``before`` confirms the label. In a table also ``withdrawn``: the
            person takes back what was said, and ``before`` is what that was.
        time: when, in ISO 8601; :func:`now` writes it.
        who: the person, where given.
        row: of the table it was read from; 0 where it comes from none.
    """

    file_name: str
    class_name: str
    before: str
    after: str
    time: str = ""
    who: str = ""
    row: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Corrected:
    """Labels after corrections.

    Args:
        label_set: the images with their labels as corrected.
        changed: cells whose label is another now: file, class, the table's label, the label now.
        reviewed: every cell that a person spoke of and that is not in conflict, as ``(file, class)``.
        conflicts: one sentence a row that does not go together with the table, or with an earlier row; these
            cells are unknown until a later row decides.
    """

    label_set: LabelSet
    changed: tuple[tuple[str, str, str, str], ...]
    reviewed: frozenset[tuple[str, str]]
    conflicts: tuple[str, ...]


def joined_table(path: Path) -> Path:
    """Return the table of what people said of pictures that joined without labels; it need not be there.

    Args:
        path: the table of corrections of the pictures with labels.

    Example:
        >>> joined_table(Path("runs/train.corrections.csv")).name
        'train.corrections.joined.csv'
    """
    return path.with_name(f"{path.stem}.joined.csv")


def joined_pictures(table: Path | None) -> list[Path]:
    """Return the pictures that a table of :func:`joined_table` names and that are there, by their paths.

    Raises:
        DataError: the table cannot be read.
    """
    rows = read_corrections(table) if table is not None and table.is_file() else ()
    paths = {Path(row.file_name) for row in rows}
    return sorted(p for p in paths if p.is_absolute() and p.suffix.lower() in SUFFIXES and p.is_file())


def now() -> str:
    """Return the time as corrections carry it: ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def append_correction(path: str | Path, correction: Correction) -> None:
    """Add one correction to the table at ``path``, which is made where it is missing.

    It is on the disk when the call returns. Threads and processes may write at the same time.

    Raises:
        UsageError: a label that is none of these, or a name that no table can carry.
        DataError: ``path`` holds another table.
        OSError: no room, no permission, …
    """
    for name in ("before", "after"):
        allowed = STATES if name == "before" else (*STATES, WITHDRAWN)
        if (value := getattr(correction, name)) not in allowed:
            raise UsageError(f"`{name}` must be one of {', '.join(allowed)}, got {value!r}")
    for name in (correction.file_name, correction.class_name):
        if not name or not is_fit(name):
            raise UsageError(f"{name!r} cannot stand in a table: {UNFIT}")
    said = (correction.file_name, correction.class_name, correction.before, correction.after)
    who = "".join(letter for letter in " ".join(correction.who.split()) if is_fit(letter))
    append_row(path, dict(zip(COLUMNS, (*said, correction.time or now(), who), strict=True)), COLUMNS)


def write_corrections(path: str | Path, corrections: Sequence[Correction]) -> None:
    """Write a table anew, whole or not at all: the copy that a run keeps of what it learnt from."""
    rows = [(c.file_name, c.class_name, c.before, c.after, c.time, c.who) for c in corrections]
    write_csv(path, [dict(zip(COLUMNS, row, strict=True)) for row in rows], COLUMNS)


def read_corrections(path: str | Path) -> tuple[Correction, ...]:
    """Return the corrections in their order; a row that a killed writer left half is passed over and told.

    The columns ``file``, ``class``, ``from`` and ``to`` must be there, ``time`` and ``who`` may be. A row
    whose ``to`` is blank decides nothing, as in a table of suspects that is not filled in. One whose ``to``
    is ``withdrawn`` is left out together with the row that it takes back, as if nobody had spoken.

    Raises:
        DataError: the file cannot be read, or a row cannot be understood; every such row is named.
    """
    rows, cut = read_rows(path, NEEDED)
    if cut is not None:
        log.warning("%s ends within a row, which is left out: %r", path, cut[:120])
    problems = [problem for number, row in rows for problem in _problems(number, row)]
    if problems:
        raise DataError(f"{path} has rows that are no corrections; mend or remove them:", problems)
    return _standing([_correction(number, row) for number, row in rows if row["to"].strip()], path)


def standing_row(rows: Sequence[Correction], said: Correction) -> int | None:
    """Return the place of the row that a withdrawal takes back, None where there is none.

    Args:
        rows: those that count, in their order.
        said: the withdrawal; its ``before`` is what the row says.
    """
    cell = (said.file_name, said.class_name, said.before)
    places = range(len(rows) - 1, -1, -1)
    return next((n for n in places if (rows[n].file_name, rows[n].class_name, rows[n].after) == cell), None)


def _standing(rows: Sequence[Correction], path: str | Path) -> tuple[Correction, ...]:
    """Return the rows that nobody took back."""
    kept: list[Correction] = []
    for row in rows:
        if row.after != WITHDRAWN:
            kept.append(row)
        elif (place := standing_row(kept, row)) is not None:
            del kept[place]
        else:
            log.warning("%s row %d takes back what no earlier row says: it is left out", path, row.row)
    return tuple(kept)


def _problems(number: int, row: dict[str, str]) -> Iterable[str]:
    for column in ("file", "class"):
        if not row[column].strip():
            yield f"row {number}: no {column}"
    for column in ("from", "to"):
        allowed = STATES if column == "from" else (*STATES, WITHDRAWN)
        open_still = column == "to" and not row[column].strip()
        if row[column].strip().lower() not in allowed and not open_still:
            yield f"row {number}: {column} is {row[column]!r}, it must be one of {', '.join(allowed)}"
    time = row.get("time", "").strip()
    if time:
        try:
            datetime.fromisoformat(time)
        except ValueError:
            yield f"row {number}: time is {time!r}, it must be as {now()}"


def _correction(number: int, row: dict[str, str]) -> Correction:
    before, after = (row[column].strip().lower() for column in ("from", "to"))
    time, who = (row.get(column, "").strip() for column in ("time", "who"))
    return Correction(row["file"], row["class"], before, after, time, who, number)


def label_of(record: Record, class_name: str) -> str:
    """Return what is known of a class in an image: ``present``, ``absent`` or ``unknown``.

    Example:
        >>> label_of(Record(Path("a.jpg"), "a.jpg", frozenset({"cat"}), frozenset({"dog"})), "dog")
        'unknown'
    """
    if class_name in record.labels:
        return PRESENT
    return UNKNOWN if class_name in record.unknown else ABSENT


def with_label(record: Record, class_name: str, label: str) -> Record:
    """Return the record with one class set to ``present``, ``absent`` or ``unknown``."""
    labels, unknown = record.labels - {class_name}, record.unknown - {class_name}
    if label == PRESENT:
        labels |= {class_name}
    elif label == UNKNOWN:
        unknown |= {class_name}
    return replace(record, labels=labels, unknown=unknown)


def apply_corrections(
    label_set: LabelSet, corrections: Sequence[Correction], *, source: str | Path = "the corrections"
) -> Corrected:
    """Return the labels as corrected, and what does not go together.

    Corrections are followed in their order. One whose ``before`` is what the label is now sets it to
    ``after``; one that says what the label already is changes nothing. Any other contradicts the table, which
    has changed since, or an earlier row: the label is unknown then, until a later row decides.

    Args:
        label_set: what the user's own table says today; it is not changed.
        corrections: in the order they were made.
        source: their file, for the error.

    Raises:
        DataError: an image or class that the labels do not have; every such row is named.
    """
    places, problems = _places(label_set, corrections)
    if problems:
        raise DataError(f"{source} cannot be used with these labels; mend or remove these rows:", problems)
    found = {cell: label_of(label_set.records[cell[0]], cell[1]) for cell in places}
    state, conflicts, fought = dict(found), [], set[Cell]()
    for cell, correction in zip(places, corrections, strict=True):
        at_odds = correction.before != state[cell] != correction.after
        if at_odds:
            conflicts.append(_conflict(correction, state[cell], spoken=state[cell] != found[cell]))
        state[cell] = UNKNOWN if at_odds else correction.after
        (fought.add if at_odds else fought.discard)(cell)
    records = list(label_set.records)
    for (place, name), label in state.items():
        records[place] = with_label(records[place], name, label)
    names = {cell: (label_set.records[cell[0]].file_name, cell[1]) for cell in state}
    changed = tuple((*names[cell], found[cell], now) for cell, now in state.items() if now != found[cell])
    reviewed = frozenset(names[cell] for cell in state if cell not in fought)
    return Corrected(label_set.with_records(records), changed, reviewed, tuple(conflicts))


def _conflict(correction: Correction, label: str, *, spoken: bool) -> str:
    by = f" by {correction.who}" if correction.who else ""
    other = "an earlier correction" if spoken else "the table"
    return (
        f"row {correction.row}: {correction.file_name!r}, {correction.class_name!r} was corrected{by} from "
        f"{correction.before} to {correction.after}, but {other} says {label}: it counts as unknown"
    )


def _places(label_set: LabelSet, corrections: Sequence[Correction]) -> tuple[list[Cell], list[str]]:
    """Return the cell that each correction speaks of, and what is wrong with those that speak of none."""
    times = Counter(record.file_name for record in label_set.records)
    files = {record.file_name.strip(): n for n, record in enumerate(label_set.records)}
    files |= {record.file_name: n for n, record in enumerate(label_set.records)}
    classes = {name.strip(): name for name in label_set.classes} | {name: name for name in label_set.classes}
    places, problems = [], []
    for correction in corrections:
        file, name = _known(correction.file_name, files), _known(correction.class_name, classes)
        if file is None:
            problems.append(f"row {correction.row}: no image {correction.file_name!r} in the labels")
        elif times[label_set.records[file].file_name] > 1:
            problems.append(f"row {correction.row}: two images are called {correction.file_name!r}")
        if name is None:
            there = ", ".join(map(repr, label_set.classes[:10])) + ", …" * (len(label_set.classes) > 10)
            problems.append(
                f"row {correction.row}: no class {correction.class_name!r}; the classes are {there}"
            )
        if file is not None and name is not None:
            places.append((file, name))
    return places, problems


def _known(name: str, values: dict[str, _Value]) -> _Value | None:
    """Return the value of a name as written, else of the name without blanks around it."""
    return values.get(name, values.get(name.strip()))
