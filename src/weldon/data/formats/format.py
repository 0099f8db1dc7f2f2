"""What one annotation format says of itself: how its files are recognised, read and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from weldon.data.formats.annotation import AnnotationSet, ImageAnnotation
from weldon.files import read_json

Writer = Callable[[Path, Sequence[ImageAnnotation], Sequence[str], Path | None], None]


class Candidate:
    """A file or folder of which nobody knows yet what format it is.

    Args:
        path: where it lies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def ending(self) -> str:
        """The ending of a file in small letters, with its dot; "" for a folder."""
        return "" if self.path.is_dir() else self.path.suffix.lower()

    @cached_property
    def content(self) -> Any:
        """What a JSON file holds, read once for all formats that look at it.

        Raises:
            DataError: it cannot be read.
        """
        return read_json(self.path)


def _any(_: Candidate) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class AnnotationFormat:
    """The files of one annotation tool.

    Args:
        write: takes a folder, the images, the classes in their order, and the folder of the photographs or
            None; puts its files into the folder, below one of its own where it has several.
        read: from a path to what stands there; None: the format is written only.
        called: what the format is, as an error lists it.
        endings: of files that may be of the format, with their dots; "" stands for a folder.
        holds: whether a file or folder of such an ending is of the format.
        each_image: True where it has a file for each image that is called after the image without ending.
    """

    write: Writer
    read: Callable[[Path], AnnotationSet] | None = None
    called: str = ""
    endings: tuple[str, ...] = ()
    holds: Callable[[Candidate], bool] = _any
    each_image: bool = False
