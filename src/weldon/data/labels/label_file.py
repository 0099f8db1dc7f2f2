"""What a label file says, between reader and records; and what each form of label files says of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        empty_classes: of those declared, the ones that no training image shows, as in :func:`label_set_of`.
        foreign_names: True where images may go by the names that they have on another machine: one is also
            looked for without its first folders, and what those are called says nothing.
    """

    source: str | Path
    form: str
    rows: list[Row] = field(default_factory=list)
    declared: list[str] | None = None
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    empty_classes: str = "refuse"
    foreign_names: bool = False

    def label_set(self, finder: Finder, classes: Sequence[str] | None) -> LabelSet:
        """Return the records; see :func:`label_set_of`."""
        return label_set_of(
            self.rows,
            finder,
            form=self.form,
            declared=self.declared,
            given=classes,
            empty_classes=self.empty_classes,
            notes=self.notes,
            problems=self.problems,
            source=self.source,
        )


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """The options of :func:`weldon.data.read_labels`, as each form takes what has a meaning for it.

    Args:
        label_sep: between the labels in one cell of a long table.
        minus_one: what -1 means in a wide table.
        group_col: the column of groups; ``group`` by default.
        image_set: of a VOC devkit.
        classes: of a trained model, to keep its order.
        sheet: of a workbook.
    """

    label_sep: str | None = None
    minus_one: str | None = None
    group_col: str | None = None
    image_set: str = "main"
    classes: Sequence[str] | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class FileForm:
    """One form of label file.

    Args:
        endings: by which a file of this form is known, with their dots.
        read: takes the file, the folder of the images and the options.
        usual: names under which a file is found in the folder of the images without being named.
        also: such names that count only where no file has a usual one.
    """

    endings: tuple[str, ...]
    read: Callable[[Path, Path, LabelOptions], Told]
    usual: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderForm:
    """One form of folder that says by itself what its images show.

    Args:
        find: from the folder that was given to the one that is of this form, itself or inside; None: no such.
        read: takes what was found and the options.
    """

    find: Callable[[Path], Path | None]
    read: Callable[[Path, LabelOptions], LabelSet]
