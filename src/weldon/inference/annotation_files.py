"""Write predictions for annotation tools; Label Studio is told where the pictures lie on this disk."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from weldon.data import ImageAnnotation, write_annotations
from weldon.data.stores import address_of
from weldon.inference.image_list import NamedImage


def write_for_tools(
    folder: Path,
    formats: Sequence[str],
    annotations: Sequence[ImageAnnotation],
    classes: Sequence[str],
    images: Sequence[NamedImage],
) -> Served | None:
    """Write annotations in each format, and return how Label Studio reaches the pictures if it is among them.

    Args:
        folder: of the predictions.
        formats: names of :data:`weldon.data.formats.WRITERS`.
        annotations: one an image.
        classes: C names, in the order of the scores.
        images: those that were predicted.

    Returns:
        None where Label Studio is not asked for, or cannot reach the pictures.
    """
    served = served_folders(images) if "labelstudio" in formats else None
    for name in formats:
        placed = annotations if served is None or name != "labelstudio" else served.placed(annotations)
        write_annotations(name, folder, placed, classes)
    return served


@dataclass(frozen=True, slots=True)
class Served:
    """How Label Studio reaches pictures on this disk.

    Args:
        root: its document root; none of the folders, which Label Studio would refuse.
        folders: its local storages, none inside another.
        places: where each picture lies below the root, by the name of its results.
    """

    root: Path
    folders: tuple[Path, ...]
    places: Mapping[str, str]

    def placed(self, annotations: Sequence[ImageAnnotation]) -> list[ImageAnnotation]:
        """Return annotations that go by the place of their picture."""
        return [replace(one, file_name=self.places.get(one.file_name, one.file_name)) for one in annotations]


def served_folders(images: Sequence[NamedImage]) -> Served | None:
    """Return the folders that hold pictures and one above all of them; None where not all lie on a disk.

    Pictures that have their names below one folder share a storage: the deepest that holds all of them.
    """
    homes: dict[str, set[str]] = {}
    for image in images:
        if address_of(image.path) is not None:
            return None
        parent, above = os.path.dirname(os.path.abspath(image.path)), _above(image)
        # A name that is the whole path tells no folder: the picture's own one is meant.
        home = parent if above is None or not above.name else str(above)
        homes.setdefault(home, set()).add(parent)
    deepest = sorted({Path(os.path.commonpath(found)) for found in homes.values()})
    folders = tuple(one for one in deepest if not any(other in one.parents for other in deepest))
    if not folders:
        return None
    root = Path(os.path.commonpath([folder.parent for folder in folders]))
    places = {one.file_name: Path(os.path.abspath(one.path)).relative_to(root).as_posix() for one in images}
    return Served(root, folders, places)


def _above(image: NamedImage) -> Path | None:
    if address_of(image.path) is not None:
        return None
    parts = PurePosixPath(image.file_name).parts
    whole = image.path.absolute()
    return whole.parents[len(parts) - 1] if whole.parts[-len(parts) :] == parts else None
