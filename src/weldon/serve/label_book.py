"""The labels as people corrected them, in step with the table of corrections on the disk."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.choice import unknown_name
from weldon.data.corrections import (
    ABSENT,
    PRESENT,
    UNKNOWN,
    WITHDRAWN,
    Correction,
    append_correction,
    apply_corrections,
    joined_table,
    label_of,
    now,
    read_corrections,
    standing_row,
)
from weldon.errors import UsageError
from weldon.serve.run_images import RunImages

Cell = tuple[str, str]  # file name, class
Stamp = tuple[int, int]  # size and time of the file
CELLS = {"present": "1", "absent": "0", "unknown": ""}  # of the table that training reads


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
        corrections: every row that nobody took back.
        reviewed: cells that somebody spoke of and that are not in conflict.
        conflicts: one sentence for each contradiction.
    """

    corrections: tuple[Correction, ...]
    reviewed: frozenset[Cell]
    conflicts: tuple[str, ...]


class LabelBook:
    """The table's labels, with every correction at its place; many may read and write at once.

    Pictures that joined without labels have a table of their own beside it, so that ``weldon train
    --corrections`` finds every picture of the first table among the user's labels.

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
        self.joined = joined_table(path)
        self._stamps: dict[Path, Stamp | None] = dict.fromkeys((self.path, self.joined))
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
        return self._said.get((self.images.key(number), class_name)) or label_of(record, class_name)

    def labels(self, number: int) -> dict[str, str]:
        """Return the label of every class in a picture."""
        return {name: self.label(number, name) for name in self.classes}

    def changed(self, rows: Sequence[Correction] | None = None) -> frozenset[tuple[str, str, str]]:
        """Return the labels that corrections make other ones than the table has: file, class, label.

        Args:
            rows: corrections; None takes those that stand in the tables now.

        Raises:
            DataError: rows that speak of pictures or classes that are not there.
        """
        done = self.images.by_key
        tables = self._rows()[0] if rows is None else {self.path: rows}
        found = set()
        for path, said in tables.items():
            corrected = apply_corrections(done, said, source=path)
            done = corrected.label_set
            found |= {(file, name, label) for file, name, _, label in corrected.changed}
        return frozenset(found)

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
        self.images.record(number)
        name = self.images.key(number)
        if class_name not in self.classes:
            raise unknown_name("class", class_name, self.classes)
        if name in self.images.shared:
            raise UsageError(
                f"two pictures are called {name!r}, so neither can be corrected by name: "
                "rename one, here and in the table"
            )
        with self._turn:
            self._refresh()
            if (label := self.label(number, class_name)) not in (before, after):
                raise OtherLabelError(f"{class_name} in {name} was {before} and is {label} by now", label)
            rows = [Correction(name, class_name, label, after, now(), who)]
            rows += self._others(number, class_name, after, who)
            for row in rows:
                self._append(row, self.path if number < self.images.labelled else self.joined)
            return rows

    def withdraw(self, number: int, class_name: str, said: str, *, who: str = "") -> list[Correction]:
        """Take back what was last said of a label, as if nobody had spoken; the table gets one more row.

        Args:
            number: of the picture.
            class_name: the class.
            said: what the label was said to be.
            who: the person, where given.

        Raises:
            OtherLabelError: nobody said so, or the label is another one by now.
            UsageError: no such picture.
            DataError: the table holds rows that cannot be used.
        """
        self.images.record(number)
        path = self.path if number < self.images.labelled else self.joined
        row = Correction(self.images.key(number), class_name, said, WITHDRAWN, now(), who)
        with self._turn:
            self._refresh()
            label = self.label(number, class_name) if class_name in self.classes else UNKNOWN
            if label != said or standing_row(self._page.corrections, row) is None:
                raise OtherLabelError(
                    f"nobody said that {class_name} is {said} in {row.file_name}: it is {label}", label
                )
            append_correction(path, row)
            self._stamps[path] = None  # read again: an earlier row counts now
            self._refresh()
        return [row]

    def _others(self, number: int, class_name: str, after: str, who: str) -> list[Correction]:
        if not self.single or after != PRESENT:
            return []
        name = self.images.key(number)
        present = [other for other, label in self.labels(number).items() if label == PRESENT]
        return [
            Correction(name, other, PRESENT, ABSENT, now(), who) for other in present if other != class_name
        ]

    def _append(self, row: Correction, path: Path) -> None:
        stamp = self._stamps[path]
        append_correction(path, row)
        self._said[row.file_name, row.class_name] = row.after
        page = self._page
        reviewed = page.reviewed | {(row.file_name, row.class_name)}
        self._page = Page((*page.corrections, row), reviewed, page.conflicts)
        self._stamps[path] = _after_own_row(path, 0 if stamp is None else stamp[0])

    def _rows(self) -> tuple[dict[Path, Sequence[Correction]], list[str]]:
        """Return the rows of each table that is there, and a sentence for each picture that left."""
        read: dict[Path, Sequence[Correction]] = {p: read_corrections(p) for p in self._stamps if p.is_file()}
        joined = read.get(self.joined, ())
        known = {record.file_name for record in self.images.by_key.records} if joined else set()
        read |= {self.joined: [row for row in joined if row.file_name in known]} if joined else {}
        lost = {row.file_name: row.row for row in joined if row.file_name not in known}
        return read, [
            f"{self.joined.name} row {row}: the page does not know the picture {name!r}, and what was said "
            "of it does not count: put it back, or name its folder with --photos, and open the page again"
            for name, row in lost.items()
        ]

    def _refresh(self) -> None:
        """Read the tables again where they are not as we left them."""
        found = {path: _stamp(path) for path in self._stamps}
        if found == self._stamps:
            return
        read, conflicts = self._rows()
        done, reviewed = self.images.by_key, frozenset[Cell]()
        for path, rows in read.items():
            corrected = apply_corrections(done, rows, source=path)
            done, reviewed = corrected.label_set, reviewed | corrected.reviewed
            conflicts += corrected.conflicts
        self._said = {}
        for record, was in zip(done.records, self.images.by_key.records, strict=True):
            if record is not was:
                self._said |= {(record.file_name, name): label_of(record, name) for name in self.classes}
        every = sorted((row for rows in read.values() for row in rows), key=lambda row: row.time)
        self._page = Page(tuple(every), reviewed, tuple(conflicts))
        self._stamps = found


def _after_own_row(path: Path, size: int) -> Stamp | None:
    """Return the stamp of a table after a row of our own.

    Where another process wrote as well there is none, so that the table is read again.
    """
    stamp = _stamp(path)
    with path.open("rb") as file:
        file.seek(size)
        lines = file.read().count(b"\n")
    return stamp if lines == (1 if size else 2) else None


def _stamp(path: Path) -> Stamp | None:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_size, facts.st_mtime_ns


def label_table(book: LabelBook, *, corrected: bool = True) -> str:
    """Return the table: a row a picture, a column a class (1, 0, or blank where nobody knows), and the split.

    A picture that joined is in it once somebody labelled it; it is one to train on.

    Args:
        book: the labels.
        corrected: with the corrections of the user's own labels.
    """
    book.page()
    images = book.images
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["file_name", *book.classes, "split"])
    for number, record in enumerate(images.records):
        own = number < images.labelled
        labels = book.labels(number)
        if own and not corrected:
            labels = {name: label_of(record, name) for name in book.classes}
        if own or set(labels.values()) != {"unknown"}:
            split = record.split or ("" if own else "train")
            writer.writerow([images.key(number), *(CELLS[labels[name]] for name in book.classes), split])
    return stream.getvalue()
