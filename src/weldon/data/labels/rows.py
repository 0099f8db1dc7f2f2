"""From the rows of any label file to records: find files, settle duplicates, fix classes, gather problems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from weldon.choice import meant
from weldon.counted import counted
from weldon.data.labels.class_names import alike_names, broken_names, comparable
from weldon.data.labels.locate import Finder
from weldon.data.record import LabelSet, Record, split_name
from weldon.errors import DataError


class LabelsError(DataError):
    """Labels that cannot be used as they are, with what was understood of them.

    Args:
        summary: as for :class:`DataError`.
        problems: as for :class:`DataError`.
        understood: the images that were found, to be counted and never to be learnt from.
    """

    def __init__(self, summary: str, problems: Iterable[str], understood: LabelSet) -> None:
        super().__init__(summary, problems)
        self.understood = understood


@dataclass(frozen=True, slots=True)
class Row:
    """One image as a label file describes it.

    Args:
        where: file and row, for messages.
        record: what the file says; until the image is looked for, its path is its name and its split stands
            as it is written, in any accepted spelling.
        told: False where the file names the image and does not say what it shows: nothing of it is known.
        sound: False where its labels or its file were not understood: a problem says so, and no count has it.
    """

    where: str
    record: Record
    told: bool = True
    sound: bool = True

    @classmethod
    def of(
        cls,
        where: str,
        file_name: str,
        labels: frozenset[str],
        unknown: frozenset[str] = frozenset(),
        *,
        told: bool = True,
        **said: Any,
    ) -> Row:
        """Return the row of an image that is still to be found; ``said`` is whatever a record may hold."""
        return cls(where, Record(Path(file_name), file_name, labels, unknown, **said), told)

    def saying(self, **said: Any) -> Row:
        """Return the same row with other values in its record."""
        return replace(self, record=replace(self.record, **said))


def label_set_of(
    rows: Iterable[Row],
    finder: Finder,
    *,
    form: str,
    declared: Sequence[str] | None = None,
    given: Sequence[str] | None = None,
    empty_classes: str = "refuse",
    notes: Sequence[str] = (),
    problems: Sequence[str] = (),
    source: str | Path = "",
) -> LabelSet:
    """Return the records of some rows, or raise one error with everything that is wrong with them.

    Args:
        rows: of the label file.
        finder: of the image files, or of whatever the rows name.
        form: the name of the form, for ``LabelSet.form``.
        declared: classes the file itself lists, in its order; otherwise they are the sorted labels.
        given: classes of a trained model: they are kept, and every other label is a problem.
        empty_classes: what to do with those of ``declared`` that no training image shows: ``refuse``, or
            ``drop`` or ``keep`` them with a note.
        notes: what the reader decided so far.
        problems: what the reader found wrong so far.
        source: the file or folder, for the error.

    Raises:
        LabelsError: with all problems, each naming its file and row.
    """
    found, said = list(problems), list(notes)
    whole = f"{Path(source).name}: " if str(source) else ""
    given_rows = list(rows)
    rows = _told(given_rows, said)
    placed = _settled(_located(rows, finder, found), problems=found, notes=said)
    found.extend(_split_problems(placed))
    if given is None:
        classes = _classes(placed, declared, empty_classes, problems=found, notes=said, whole=whole)
        found.extend(broken_names(classes))
        said.extend(alike_names(classes))
    else:
        classes = given
        placed = _under(placed, given, declared, problems=found)
    placed = _known_unknowns(placed, classes, declared, problems=found)
    bare = sum(not (item.record.labels or item.record.unknown) for item in placed)
    if bare:
        said.append(
            f"{bare} of {len(placed)} images have no label, nothing unknown: every class is absent there"
        )
    said.extend(_weightless(placed, found, whole))
    records = tuple(item.record for item in placed if item.sound)
    besides = (Path(source), *_besides(given_rows, finder))
    label_set = LabelSet(records, tuple(classes), form, tuple(said), besides)
    if found:
        place = f" of {source}" if str(source) else ""
        summary = f"the labels{place} cannot be used as they are; correct these and run again:"
        raise LabelsError(summary, found, label_set)
    return label_set


def _besides(rows: Iterable[Row], finder: Finder) -> Iterator[Path]:
    """Yield the files of the rows that end in no record."""
    for row in rows:
        if not (row.told and row.sound) and (path := finder.find(row.record.file_name)) is not None:
            yield path


def _told(given: Sequence[Row], notes: list[str]) -> list[Row]:
    """Leave out the images of which nothing is said: they are unknown, not without any class."""
    silent = [row for row in given if not row.told]
    if silent:
        places = ", ".join(row.where for row in silent[:5]) + (", ..." if len(silent) > 5 else "")
        notes.append(
            f"{len(silent)} of {len(given)} images are left out, since nothing says what they show: {places}"
        )
    return [row for row in given if row.told]


def _located(rows: Iterable[Row], finder: Finder, problems: list[str]) -> list[Row]:
    placed = []
    for given in rows:
        row, name, written = given, given.record.file_name, given.record.split
        split = split_name(written) if written else None
        if written and split is None:
            problems.append(f"{row.where}: split {written!r} is none of train, val (valid, validation), test")
        path = finder.find(name)
        if path is None:
            problems.append(f"{row.where}: {finder.why_not(name)}")
            # kept, so that its labels do not seem to be missing as well
            row, path = replace(row, sound=False), Path(name)
        placed.append(row.saying(path=path, split=split))
    return placed


def _settled(placed: Sequence[Row], *, problems: list[str], notes: list[str]) -> list[Row]:
    """Keep one record for each file; rows that say different things about one file are a problem."""
    first: dict[Path, Row] = {}
    again = []
    for item in placed:
        earlier = first.setdefault(_identity(item.record.path), item)
        if earlier is item:
            continue
        again.append(item.where)
        if clash := _clash(earlier.record, item.record):
            problems.append(
                f"{item.where}: {item.record.file_name!r} contradicts {earlier.where}: {clash}; keep one row "
                "(several labels go into one cell, as in cat|dog)"
            )
    if again:
        places = again[0] + (", ..." if len(again) > 1 else "")
        rows = counted(len(again), "row names", "rows name")
        left = "is" if len(again) == 1 else "are"
        notes.append(f"{rows} an image that an earlier row names, and {left} left out: {places}")
    return list(first.values())


def _identity(path: Path) -> Path:
    """Return the file that a path leads to; a name that no file can have stands for itself."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # a zero byte, half a character, links in a circle
        return path


def _known_unknowns(
    placed: Sequence[Row], classes: Sequence[str], declared: Sequence[str] | None, *, problems: list[str]
) -> list[Row]:
    """Refuse an ``unknown`` that names no class; take away classes that nobody learns."""
    known, named = frozenset(classes), frozenset(declared or ())
    if classes:
        problems.extend(
            f"{item.where}: {item.record.file_name!r} has {name!r} as unknown, and no such class is there: "
            f"{_choices(classes)}{meant(name, classes)}"
            for item in placed
            for name in sorted(item.record.unknown - known - named)
        )
    return [
        item.saying(unknown=item.record.unknown & known) if item.record.unknown - known else item
        for item in placed
    ]


def _weightless(placed: Sequence[Row], problems: list[str], whole: str) -> list[str]:
    """Say how many images the loss leaves out, by their weight."""
    places = [item.where for item in placed if item.record.weight == 0]
    if places and len(places) == len(placed):
        problems.append(f"{whole}every image has weight 0: there is nothing to learn")
    return [f"{len(places)} of {len(placed)} images have weight 0: nothing is learnt from them"] * bool(
        places
    )


def _choices(classes: Sequence[str]) -> str:
    return f"the classes are {', '.join(map(repr, classes[:10]))}" + (", ..." if len(classes) > 10 else "")


def _clash(one: Record, other: Record) -> str | None:
    for name in ("labels", "unknown"):
        here, there = getattr(other, name), getattr(one, name)
        if here != there:
            return f"{name} {_listed(here)} here, {_listed(there)} there"
    for name in ("split", "group", "weight"):
        here, there = getattr(other, name), getattr(one, name)
        if here != there:
            return f"{name} {here!r} here, {there!r} there"
    return None


def _listed(names: Iterable[str]) -> str:
    return "|".join(sorted(names)) or "(none)"


def _split_problems(placed: Sequence[Row]) -> list[str]:
    """Name the rows without a split in a file where others have one."""
    if not any(item.record.split for item in placed):
        return []
    return [
        f"{item.where}: no split, though other rows have one: fill it in or remove the column"
        for item in placed
        if item.record.split is None
    ]


def _classes(
    placed: Sequence[Row],
    declared: Sequence[str] | None,
    empty_classes: str,
    *,
    problems: list[str],
    notes: list[str],
    whole: str,
) -> Sequence[str]:
    """Return the classes in their order: those declared, else the sorted labels of the training images."""
    training = [item for item in placed if item.record.split in (None, "train")]
    taught = frozenset(name for item in training for name in item.record.labels)
    if not taught:
        if not problems:
            problems.append(f"{whole}no training image has a label: there is nothing to learn")
        return ()
    empty = [name for name in declared or () if name not in taught]
    if empty and empty_classes == "refuse":
        problems.extend(
            f"class {name!r} has no training image: label some or remove the class" for name in empty
        )
    elif empty:
        fate = "left out" if empty_classes == "drop" else "kept"
        notes.append(f"classes without a training image are {fate}: {', '.join(empty)}")
    order = sorted(taught) if declared is None else list(declared)
    if empty_classes == "drop":
        order = [name for name in order if name in taught]
    problems.extend(_strangers(placed, order, "a class that no training image shows"))
    return order


def _strangers(placed: Iterable[Row], classes: Sequence[str], what: str) -> list[str]:
    known = frozenset(classes)
    near = {comparable(name): name for name in classes}
    return [
        f"{item.where}: {item.record.file_name!r} has the label {name!r}, {what}"
        + (f"; there is {near[comparable(name)]!a}" if comparable(name) in near else "")
        for item in placed
        for name in sorted(item.record.labels - known)
    ]


def _under(
    placed: Sequence[Row], given: Sequence[str], declared: Sequence[str] | None, *, problems: list[str]
) -> list[Row]:
    """Read the labels under a model's classes; a class that the file has no column for is unknown."""
    problems.extend(_strangers(placed, given, "none of the model's classes"))
    missing = frozenset() if declared is None else frozenset(given) - frozenset(declared)
    return [item.saying(unknown=item.record.unknown | missing) for item in placed]
