"""Labels from an annotation tool's file: what is drawn or chosen says which classes an image shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from weldon.data.formats.labelstudio_tasks import uploaded_name
from weldon.data.formats.registry import annotation_endings, annotation_form, read_annotations
from weldon.data.labels.label_file import FileForm, Told
from weldon.data.labels.locate import LONGEST, Finder, ImageFinder
from weldon.data.labels.rows import Row


def annotated_told(file: Path, root: Path, classes: Sequence[str] | None = None) -> Told:
    """Return the image-level labels that an annotation file implies; boxes are kept for measuring only.

    Args:
        file: of any format that is read (:data:`weldon.data.FORMATS`).
        root: the folder of the images.
        classes: of a trained model: they are unknown wherever the file leaves classes unknown.

    Raises:
        DataError: the file cannot be read.
    """
    found = read_annotations(file)
    finder = ImageFinder((file.parent, root), tails=True)
    names, problems = _stored_names([image.file_name for image in found.images], finder, file.name)
    every = (*found.classes, *(classes or ()))
    rows = [
        Row.of(
            f"{file.name}, {image.file_name[:LONGEST]}",
            name,
            image.named,
            image.unknown_of(every),
            boxes=image.truth(every) if image.boxes or image.polygons or not image.named else None,
        )
        for image, name in zip(found.images, names, strict=True)
    ]
    return Told(
        file,
        annotation_form(file),
        rows,
        list(found.classes),
        list(found.notes),
        problems,
        empty_classes="drop",
        foreign_names=True,
    )


def _stored_names(names: Sequence[str], finder: Finder, source: str) -> tuple[list[str], list[str]]:
    """Return the name under which each image is found, and a problem where two images are one file.

    Label Studio stores an upload as eight digits, a dash and its name; who has the photographs has them
    without.

    Args:
        names: of the images.
        finder: of files.
        source: name of the file that names them, for the problems.
    """
    chosen = [name if finder.find(name) else _before(name, finder) for name in names]
    meant: dict[Path, dict[str, None]] = defaultdict(dict)
    for name, used in zip(names, chosen, strict=True):
        if (path := finder.find(used)) is not None:
            meant[path.resolve()][name] = None
    problems = [
        f"{source}: {' and '.join(map(repr, list(same)[:3]))} are all found as {path}: keep a file for each"
        for path, same in meant.items()
        if len(same) > 1
    ]
    return chosen, problems


def _before(name: str, finder: Finder) -> str:
    before = uploaded_name(name)
    return before if finder.find(before) else name


FORM = FileForm(
    annotation_endings(), read=lambda file, root, options: annotated_told(file, root, options.classes)
)
