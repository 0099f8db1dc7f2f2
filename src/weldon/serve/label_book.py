"""The labels as people corrected them, in step with the table of corrections on the disk."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.data import LabelSet
from weldon.data.corrections import (
    ABSENT,
    PRESENT,
    Correction,
    append_correction,
    apply_corrections,
    label_of,
    now,
    read_corrections,
)
from weldon.errors import UsageError
from weldon.runs.run_directory import RunDirectory
from weldon.serve.run_images import RunImages

Cell = tuple[str, str]  # file name, class
Stamp = tuple[int, int]  # size and time of the file


class OtherLabelError(UsageError):
    """Somebody else changed the label meanwhile.

    Args:
        words: for the person.
        label: what it is now.
    """

    def __init__(self, words: str, label: str) -> None:
        super().__init__(words)
        self.label = label


@dataclass(frozen=True, slots=True)
class Page:
    """What the table of corrections comes to.

    Args:
        corrections: every row.
        reviewed: cells that somebody spoke of and that are not in conflict.
        conflicts: one sentence for each contradiction.
    """

    corrections: tuple[Correction, ...]
    reviewed: frozenset[Cell]
    conflicts: tuple[str, ...]


class LabelBook:
    """The table's labels, with every correction at its place; many may read and write at once.

    Args:
        path: of the table of corrections; it is made with the first of them.
        images: the pictures, with the labels of the user's own file.
        classes: of the run.
        single: each picture has exactly one class.
    """

    def __init__(
        self, path: Path, images: RunImages, classes: Sequence[str], *, single: bool = False
    ) -> None:
        self.path = path
        self.images = images
        self.classes = tuple(classes)
        self.single = single
        self._turn = threading.RLock()
        self._stamp: Stamp | None = None
        self._said: dict[Cell, str] = {}
        self._page = Page((), frozenset(), ())

    def page(self) -> Page:
        """Return what stands in the table now.

        Raises:
            DataError: it cannot be read, or speaks of pictures or classes that are not there.
        """
        with self._turn:
            self._refresh()
            return self._page

    def label(self, number: int, class_name: str) -> str:
        """Return ``present``, ``absent`` or ``unknown``, as corrected."""
        record = self.images.record(number)
        return self._said.get((record.file_name, class_name)) or label_of(record, class_name)

    def labels(self, number: int) -> dict[str, str]:
        """Return the label of every class in a picture."""
        return {name: self.label(number, name) for name in self.classes}

    def correct(
        self, number: int, class_name: str, before: str, after: str, *, who: str = ""
    ) -> list[Correction]:
        """Write down what a person said; it is on the disk when the call returns.

        Where each picture has one class, a class that becomes present makes the one before absent.

        Args:
            number: of the picture.
            class_name: the class.
            before: what the person saw.
            after: what it is.
            who: the person, where given.

        Raises:
            OtherLabelError: the label is another one by now.
            UsageError: no such picture, class or label.
            DataError: the table holds rows that cannot be used.
        """
        name = self.images.record(number).file_name
        if class_name not in self.classes:
            raise UsageError(f"class must be one of {', '.join(self.classes)}, got {class_name[:100]!r}")
        if name in self.images.shared:
            raise UsageError(f"two pictures are called {name!r}, so neither can be corrected by name")
        with self._turn:
            self._refresh()
            if (label := self.label(number, class_name)) not in (before, after):
                raise OtherLabelError(f"{class_name} in {name} was {before} and is {label} by now", label)
            rows = [Correction(name, class_name, label, after, now(), who)]
            rows += self._others(number, class_name, after, who)
            for row in rows:
                self._append(row)
            return rows

    def _others(self, number: int, class_name: str, after: str, who: str) -> list[Correction]:
        if not self.single or after != PRESENT:
            return []
        name = self.images.record(number).file_name
        present = [other for other, label in self.labels(number).items() if label == PRESENT]
        return [
            Correction(name, other, PRESENT, ABSENT, now(), who) for other in present if other != class_name
        ]

    def _append(self, row: Correction) -> None:
        size = 0 if self._stamp is None else self._stamp[0]
        append_correction(self.path, row)
        self._said[row.file_name, row.class_name] = row.after
        page = self._page
        numbered = len(page.corrections) + 2
        known = Correction(row.file_name, row.class_name, row.before, row.after, row.time, row.who, numbered)
        reviewed = page.reviewed | {(row.file_name, row.class_name)}
        self._page = Page((*page.corrections, known), reviewed, page.conflicts)
        self._stamp = self._after_own_row(size)

    def _after_own_row(self, size: int) -> Stamp | None:
        """Return the stamp of the table, None where another process wrote as well: it is read again then."""
        stamp = _stamp(self.path)
        with self.path.open("rb") as file:
            file.seek(size)
            lines = file.read().count(b"\n")
        return stamp if lines == (1 if size else 2) else None

    def _refresh(self) -> None:
        """Read the table again where it is not as we left it."""
        found = _stamp(self.path)
        if found == self._stamp:
            return
        corrections = read_corrections(self.path) if found is not None else ()
        label_set = LabelSet(self.images.records, self.classes, "page")
        done = apply_corrections(label_set, corrections, source=self.path)
        self._said = {}
        for record, was in zip(done.label_set.records, self.images.records, strict=True):
            if record is not was:
                self._said |= {(record.file_name, name): label_of(record, name) for name in self.classes}
        self._page = Page(corrections, done.reviewed, done.conflicts)
        self._stamp = found


def default_corrections(run: RunDirectory) -> Path:
    """Return the table of corrections that a run was trained with, else one beside the run.

    A run that learnt from corrections goes on with the same table, which still grows.
    """
    used = run.recipe.corrections
    path = run.path.resolve()
    return used if used is not None else path.with_name(f"{path.name}.corrections.csv")


def _stamp(path: Path) -> Stamp | None:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_size, facts.st_mtime_ns
