"""Honest splits: groups stay together, classes keep their shares, and the outcome is written down."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from weldon.counted import counted
from weldon.data.copies import first_names
from weldon.data.record import SPLITS, LabelSet, Record
from weldon.errors import DataError, UsageError
from weldon.files import read_csv, write_csv

DEFAULT_SHARE = 0.2
COLUMNS = ("file_name", "split", "group", "labels", "weight")
IMAGES = ""  # the key of a unit's number of images; no class has an empty name


@dataclass(frozen=True, slots=True)
class Unit:
    """Images that go to one side together, a group or a single image, and how often each class is in them."""

    members: tuple[int, ...]
    counts: Counter[str]


def assign_splits(label_set: LabelSet, *, val: float | None = None, seed: int = 0) -> tuple[Record, ...]:
    """Return the records with a split each; a validation part is drawn where the data has none.

    Iterative stratification (Sechidis et al. 2011) over groups: the rarest class is dealt out first, each
    group to the side that lacks most of it, so that every class has its share on both sides as far as groups
    allow. Equal files without a group are one group. Images of ``test`` stay there. The outcome depends on
    names, labels, groups, equal files and the seed, not on the order of the rows.

    Args:
        label_set: records with or without splits.
        val: share of the training images, in (0, 1); None means 0.2, or the data's own ``val``.
        seed: of the shuffling.

    Raises:
        UsageError: ``val`` is out of its range, or is given although the data has its own ``val``.
        DataError: fewer than two groups to divide.
    """
    own = len(label_set.of_split("val"))
    if val is not None and not 0 < val < 1:
        raise UsageError(f"`val` must be a share in (0, 1), got {val!r}")
    if own and val is not None:
        raise UsageError(
            f"`val` cannot be {val!r}: the data already says which images are for validation ({own})"
        )
    if own:
        return tuple(replace(record, split=record.split or "train") for record in label_set.records)
    return _drawn(label_set.records, DEFAULT_SHARE if val is None else val, seed)


def draw_folds(records: Sequence[Record], count: int, *, seed: int = 0) -> tuple[tuple[int, ...], ...]:
    """Return the positions of the records in each of ``count`` folds, dealt out as validation parts are.

    Groups stay together and every class is spread over the folds as far as groups allow.

    Args:
        records: N images; their own splits are not looked at.
        count: number of folds, at least 2.
        seed: of the shuffling.

    Raises:
        DataError: fewer groups than folds.
    """
    units = _units(records, range(len(records)), at_least=count)
    if len(units) < count:
        raise DataError(f"{count} folds need as many images of different groups, got {len(units)}")
    random.Random(seed).shuffle(units)
    folds = []
    for left in range(count, 1, -1):
        dealt = {unit.members for unit in _dealt(units, 1 / left)}
        folds.append(tuple(sorted(index for members in dealt for index in members)))
        units = [unit for unit in units if unit.members not in dealt]
    return (*folds, tuple(sorted(index for unit in units for index in unit.members)))


def join_validation(training: LabelSet, validation: LabelSet) -> LabelSet:
    """Return one set: the images of the first are for training, those of the second for validation.

    Args:
        training: its classes count; a split ``test`` is kept, a split ``val`` is not allowed.
        validation: read with ``classes=training.classes``.

    Raises:
        DataError: an image is in both, or the first has a validation split of its own.
    """
    if own := len(training.of_split("val")):
        raise DataError(
            f"two validation sets: the training data has {counted(own, 'image')} with the split val"
        )
    inside = {record.path.resolve() for record in training.records}
    problems = [
        f"{record.file_name} is in both" for record in validation.records if record.path.resolve() in inside
    ]
    if problems:
        raise DataError("training and validation images must differ; remove these from one:", problems)
    learn = (replace(record, split=record.split or "train") for record in training.records)
    measure = (replace(record, split="val") for record in validation.records)
    said = (*training.notes, *(f"validation: {note}" for note in validation.notes))
    return replace(training.with_records((*learn, *measure)), notes=said)


def straddling_groups(records: Iterable[Record]) -> dict[str, tuple[str, ...]]:
    """Return each group that has images in several splits, with those splits: a leak."""
    splits: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.group is not None and record.split is not None:
            splits[record.group].add(record.split)
    return {group: tuple(sorted(names)) for group, names in splits.items() if len(names) > 1}


def write_splits(path: str | Path, records: Sequence[Record]) -> None:
    """Write a row for each record in their order: its name, split, group, labels and weight."""
    write_csv(path, [splits_row(record) for record in records], COLUMNS)


def splits_row(record: Record) -> dict[str, str]:
    """Return what ``write_splits`` writes of a record; unknown labels have a question mark.

    Example:
        >>> record = Record(Path("a.jpg"), "a.jpg", frozenset({"cat"}), frozenset({"dog"}), split="val")
        >>> splits_row(record)["labels"]
        'cat|?dog'
    """
    labels = [*sorted(record.labels), *(f"?{name}" for name in sorted(record.unknown))]
    escaped = (name.replace("\\", "\\\\").replace("|", "\\|") for name in labels)
    said = (record.file_name, record.split or "", record.group or "", "|".join(escaped), str(record.weight))
    return dict(zip(COLUMNS, said, strict=True))


def read_splits(path: str | Path) -> dict[str, str]:
    """Return the split of each file name, from what ``write_splits`` wrote.

    Raises:
        DataError: the file is missing, damaged, has no such columns, a row has no such split, or two files
            of one name are in different splits: :func:`read_numbered_splits` tells them apart.
    """
    splits: dict[str, str] = {}
    for row in read_begun(path):
        if splits.setdefault(row["file_name"], row["split"]) != row["split"]:
            raise DataError(f"{path} has two files {row['file_name']!r}, in different splits")
    return splits


def read_begun(path: str | Path) -> list[dict[str, str]]:
    """Return the rows that ``write_splits`` wrote; an older run has no labels and weights in them.

    Raises:
        DataError: as for :func:`read_splits`.
    """
    rows = read_csv(path)
    problems = [
        f"row {number}: split {row['split']!r} is none of {', '.join(SPLITS)}"
        for number, row in enumerate(rows, start=2)
        if "file_name" in row and row.get("split", "") not in ("", *SPLITS)
    ]
    # A folder for training and one for validation may have files of one name; unreadable ones have no split.
    times = Counter((row.get("file_name"), row.get("split")) for row in rows if row.get("split"))
    problems += [f"{name} has {count} rows" for (name, _), count in times.items() if count > 1]
    if problems or any(not {"file_name", "split"} <= set(row) for row in rows[:1]):
        raise DataError(f"{path} must hold the columns {', '.join(COLUMNS)}, as a run writes them", problems)
    return rows


def numbered(names: Iterable[str]) -> list[tuple[str, int]]:
    """Return each name with how often it came before: two folders may have files of one name.

    Example:
        >>> numbered(["cat/0.png", "dog/0.png", "cat/0.png"])
        [('cat/0.png', 0), ('dog/0.png', 0), ('cat/0.png', 1)]
    """
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        found.append((name, seen[name]))
        seen[name] += 1
    return found


def read_numbered_splits(path: str | Path) -> dict[tuple[str, int], str]:
    """Return the split of each file name and how often that name came before (:func:`numbered`).

    Raises:
        DataError: as for :func:`read_splits`.
    """
    rows = read_begun(path)
    return dict(zip(numbered(row["file_name"] for row in rows), (row["split"] for row in rows), strict=True))


def apply_splits(label_set: LabelSet, splits: Mapping[str, str]) -> tuple[Record, ...]:
    """Return the records with the splits of an earlier run.

    Raises:
        DataError: an image has no split there: the data has changed since.
    """
    problems = [
        f"{record.file_name} is not in it" for record in label_set.records if record.file_name not in splits
    ]
    if problems:
        raise DataError("the data has changed since the splits were written:", problems)
    return tuple(replace(record, split=splits[record.file_name] or None) for record in label_set.records)


def _drawn(records: Sequence[Record], share: float, seed: int) -> tuple[Record, ...]:
    free = [index for index, record in enumerate(records) if record.split in (None, "train")]
    units = _units(records, free, at_least=2)
    if len(units) < 2:
        raise DataError(
            f"a validation part needs at least two images of different groups, got {len(units)}: label more, "
            "correct the groups, or give validation data of its own"
        )
    random.Random(seed).shuffle(units)
    chosen = {index for unit in _dealt(units, share) for index in unit.members}
    split = {index: "val" if index in chosen else "train" for index in free}
    return tuple(
        replace(record, split=split.get(index, record.split)) for index, record in enumerate(records)
    )


def _units(records: Sequence[Record], indices: Sequence[int], *, at_least: int) -> list[Unit]:
    """Return the groups, in an order that the rows of the file do not decide.

    Equal files are one group, unless fewer groups than ``at_least`` would be left.
    """
    ungrouped = [records[index] for index in indices if records[index].group is None]
    together = _grouped(records, indices, first_names(ungrouped))
    return together if len(together) >= at_least else _grouped(records, indices, {})


def _grouped(records: Sequence[Record], indices: Sequence[int], first: Mapping[Path, str]) -> list[Unit]:
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index in indices:
        record = records[index]
        name = first.get(record.path, record.file_name)
        key = ("image", name) if record.group is None else ("group", record.group)
        members[key].append(index)
    return [
        Unit(
            tuple(together), Counter(name for index in together for name in (IMAGES, *records[index].labels))
        )
        for _, together in sorted(members.items())
    ]


def _dealt(units: Sequence[Unit], share: float) -> list[Unit]:
    """Return the units for validation; training gets at least one unit of every class."""
    totals = _totals(units)
    wanted = {
        True: {name: total * share for name, total in totals.items()},
        False: {name: total * (1 - share) for name, total in totals.items()},
    }
    chosen: list[Unit] = []
    left, taught = list(units), set[str]()
    while left:
        name = _rarest(left)
        taken = [unit for unit in left if unit.counts[name]]
        for unit in sorted(taken, key=lambda unit: -unit.counts[name]):
            validates = name in taught and _lacks_more(wanted[True], wanted[False], name)
            chosen += [unit] if validates else []
            taught |= set() if validates else unit.counts.keys()
            for held, count in unit.counts.items():
                wanted[validates][held] -= count
        left = [unit for unit in left if not unit.counts[name]]
    return chosen or [min(units, key=lambda unit: unit.counts[IMAGES])]


def _totals(units: Iterable[Unit]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for unit in units:
        totals.update(unit.counts)
    return totals


def _rarest(units: Iterable[Unit]) -> str:
    """Return the class with the fewest positives left, ``IMAGES`` when no unit has any."""
    totals = _totals(units)
    return min(totals, key=lambda name: (name == IMAGES, totals[name], name))


def _lacks_more(mine: Mapping[str, float], theirs: Mapping[str, float], name: str) -> bool:
    """Return whether one side lacks more of a class than the other, images deciding a tie."""
    return (mine[name], mine[IMAGES]) > (theirs[name], theirs[IMAGES])
