"""What a label file says, between its reader and the records: rows, classes, notes, problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weldon.data.labels.locate import Finder
from weldon.data.labels.rows import Row, label_set_of
from weldon.data.record import LabelSet


@dataclass(slots=True)
class Told:
    """What a label file says, before its images are looked for.

    Args:
        source: the file or folder, for errors.
        form: the name of the form, for ``LabelSet.form``.
        rows: one for each image.
        declared: classes that the file itself lists, in its order; None: they are the labels of the rows.
        notes: what the reader decided.
        problems: what it found wrong.
    """

    source: str | Path
    form: str
    rows: list[Row] = field(default_factory=list)
    declared: list[str] | None = None
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def label_set(self, finder: Finder, classes: Sequence[str] | None) -> LabelSet:
        """Return the records; see :func:`label_set_of`."""
        return label_set_of(
            self.rows,
            finder,
            form=self.form,
            declared=self.declared,
            given=classes,
            notes=self.notes,
            problems=self.problems,
            source=self.source,
        )
