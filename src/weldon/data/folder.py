"""A folder a class, with or without train, val and test above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.data.image import SUFFIXES
from weldon.data.locate import ImageFinder
from weldon.data.record import LabelSet, split_name
from weldon.data.rows import Row, label_set_of
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
    that only ``val`` or ``test`` has is an error. Images may lie deeper; hidden files are passed over.

    Args:
        root: with class folders, or with ``train``, ``val`` (``valid``, ``validation``), ``test`` above them.
        classes: of a trained model, to keep its order.

    Raises:
        DataError: no class folder, loose images, folders without images, strangers in ``val``: all at once.
    """
    problems: list[str] = []
    strangers: list[str] = []
    folders = list(_class_folders(root, problems))
    rows = []
    for folder in folders:
        found = list(_images(folder, root, strangers))
        if not found:
            problems.append(f"class folder {folder.path} holds no image: add some or remove the folder")
        rows.extend(found)
    if not folders and not problems:
        raise DataError(
            f"{root} holds neither class folders nor a label file: make a folder a class, or give --labels"
        )
    notes = [_passed_over(strangers)] if strangers else []
    trained = {folder.name for folder in folders if folder.split in (None, "train")}
    declared = sorted(trained) if classes is None else None
    if classes is None:
        strange = [folder for folder in folders if trained and folder.name not in trained]
        problems += [f"{folder.path}: a class that train does not have" for folder in strange]
        problems += [] if trained else [f"{root} has no train folder to take the classes from"]
    return label_set_of(
        rows,
        ImageFinder((root,)),
        form="folder",
        declared=declared,
        given=classes,
        notes=notes,
        problems=problems,
    )


def _class_folders(root: Path, problems: list[str]) -> Iterator[ClassFolder]:
    tops = _subfolders(root)
    splits = [top for top in tops if split_name(top.name) and _subfolders(top)]
    if not splits:
        yield from _below(root, None, problems)
        return
    problems += [
        f"{top} stands beside {', '.join(split.name for split in splits)}: move it into one of them"
        for top in tops
        if top not in splits
    ]
    for top in splits:
        yield from _below(top, split_name(top.name), problems)


def _below(parent: Path, split: str | None, problems: list[str]) -> Iterator[ClassFolder]:
    tops = _subfolders(parent)
    loose = [path for path in sorted(parent.iterdir()) if _is_image(path)] if tops else []
    problems += [f"{path} lies in no class folder: move it into one" for path in loose]
    for top in tops:
        yield ClassFolder(top, top.name, split)


def _subfolders(parent: Path) -> list[Path]:
    return [path for path in sorted(parent.iterdir()) if path.is_dir() and not _is_hidden(path)]


def _images(folder: ClassFolder, root: Path, strangers: list[str]) -> Iterator[Row]:
    for path in sorted(folder.path.rglob("*")):
        if path.is_dir() or _is_hidden(path):
            continue
        name = path.relative_to(root).as_posix()
        if _is_image(path):
            yield Row(name, name, frozenset({folder.name}), split=folder.split)
        else:
            strangers.append(name)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and not _is_hidden(path)


def _is_hidden(path: Path) -> bool:
    return path.name.startswith((".", "__")) or path.name in ("Thumbs.db", "desktop.ini")


def _passed_over(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"{len(names)} files are no images by their ending and were passed over: {shown}"
