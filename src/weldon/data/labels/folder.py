"""A folder a class, with or without train, val and test above."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from weldon.counted import counted
from weldon.data.labels.label_file import FolderForm, Told
from weldon.data.labels.locate import ImageFinder
from weldon.data.labels.rows import Row
from weldon.data.record import LabelSet, split_name
from weldon.data.walk import Found, level, notes_on, walk
from weldon.errors import DataError


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """One folder of images of one class."""

    path: Path
    name: str
    split: str | None


def read_folder(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return one label for each image: the name of the folder it lies in.

    Classes are the sorted folder names under ``train`` (under ``root`` where there are no splits); a class
    that only ``val`` or ``test`` has is an error. Images may lie deeper. What is hidden, a system's own or no
    image is passed over, with a note.

    Args:
        root: with class folders, or with ``train``, ``val`` (``valid``, ``validation``), ``test`` above them.
        classes: of a trained model, to keep its order.

    Raises:
        DataError: no class folder, loose images, folders without images, strangers in ``val``: all at once.
    """
    told, found = Told(root, "folder"), Found()
    folders = [
        folder for folder in _class_folders(root, told.problems, found) if not _only_hidden(folder, found)
    ]
    if not folders and not told.problems:
        raise DataError(
            f"{root} holds neither class folders nor a label file: make a folder a class, or give --labels",
            [f"{counted(len(found.images), 'image')} in it, in no folder", *notes_on(found, root)],
        )
    for folder in folders:
        inside = walk(folder.path)
        told.rows += _rows(folder, inside, root)
        told.problems += [] if inside.images else [_empty(folder, inside, root)]
        found.add(inside)
    told.notes = notes_on(found, root)
    trained = {folder.name for folder in folders if folder.split in (None, "train")}
    if classes is None:
        told.declared = sorted(trained)
        strange = [folder for folder in folders if trained and folder.name not in trained]
        told.problems += [f"{folder.path}: a class that train does not have" for folder in strange]
        told.problems += [] if trained else [f"{root} has no train folder to take the classes from"]
    return told.label_set(ImageFinder((root,)), classes)


def _class_folders(root: Path, problems: list[str], found: Found) -> Iterator[ClassFolder]:
    tops, loose = level(root)
    called = [top for top in tops if split_name(top.name)]
    splits = [top for top in called if level(top)[0]]
    if not splits:
        if tops and called == tops:
            problems.append(
                f"{root}: the folders {', '.join(top.name for top in tops)} are called after splits and hold "
                "no class folders: make a folder a class inside each, or give --labels"
            )
        else:
            yield from _below(root, None, problems, found)
        return
    _take_loose(loose, problems, found)
    problems += [
        f"{top} stands beside {', '.join(split.name for split in splits)}: move it into one of them"
        for top in tops
        if top not in splits
    ]
    for top in splits:
        yield from _below(top, split_name(top.name), problems, found)


def _below(parent: Path, split: str | None, problems: list[str], found: Found) -> Iterator[ClassFolder]:
    tops, loose = level(parent)
    if tops:
        _take_loose(loose, problems, found)
    else:
        found.add(loose)
    for top in tops:
        yield ClassFolder(top, top.name, split)


def _take_loose(loose: Found, problems: list[str], found: Found) -> None:
    """Note the files that lie beside class folders; pictures among them are a problem."""
    problems += [f"{path} lies in no class folder: move it into one" for path in loose.images]
    found.add(loose)


def _only_hidden(folder: ClassFolder, found: Found) -> bool:
    """Say whether a folder holds nothing but what is hidden, as a run that has just begun: it is no class."""
    inside = walk(folder.path)
    bare = not (inside.images or inside.others or inside.broken or inside.unfit)
    if not (bare and inside.hidden):
        return False
    found.add(inside)
    return True


def _rows(folder: ClassFolder, inside: Found, root: Path) -> list[Row]:
    names = [path.relative_to(root).as_posix() for path in inside.images]
    return [Row.of(name, name, frozenset({folder.name}), split=folder.split) for name in names]


def _empty(folder: ClassFolder, inside: Found, root: Path) -> str:
    why = "; ".join(notes_on(inside, root))
    return f"class folder {folder.path} holds no image: add some or remove the folder" + (
        f" ({why})" if why else ""
    )


def with_folder_splits(told: Told) -> Told:
    """Give each row the split that its image's folder is called after, and say so.

    They count where no row has a split of its own, every image lies in such a folder, and training images and
    others are among them. Else they are passed over, with a note where there are several.
    """
    if any(row.record.split for row in told.rows):
        return told
    found = [folder_split(row.record.file_name) for row in told.rows]
    counts = Counter(split for split in found if split)
    if len(counts) < 2 and not (counts and None in found and "train" not in counts):
        return told
    said = ", ".join(f"{split} {count}" for split, count in sorted(counts.items()))
    if None in found or "train" not in counts:
        note = f"folders called after splits ({said}) are passed over: they do not divide all images"
        return replace(told, notes=[*told.notes, f"{note}; a column `split` would"])
    note = f"the folders of the images say the split: {said}"
    return replace(told, rows=_with_splits(told.rows, found), notes=[*told.notes, note])


def folder_split(file_name: str) -> str | None:
    """Return the split that a folder in a relative name is called after, the first that is one.

    Example:
        >>> folder_split("data/valid/dog/1.jpg"), folder_split("train.jpg"), folder_split("/train/1.jpg")
        ('val', None, None)
    """
    name = PurePosixPath(file_name.replace("\\", "/"))
    if name.is_absolute() or ":" in name.parts[0] if name.parts else True:
        return None
    return next((split for part in name.parts[:-1] if (split := split_name(part))), None)


def _with_splits(rows: Sequence[Row], splits: Sequence[str | None]) -> list[Row]:
    return [row.saying(split=split) for row, split in zip(rows, splits, strict=True)]


FORM = FolderForm(lambda root: root, read=lambda root, options: read_folder(root, classes=options.classes))
