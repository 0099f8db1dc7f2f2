"""True boxes in a file of their own, for measuring."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from weldon.data.formats.labelstudio_tasks import uploaded_name
from weldon.data.formats.registry import read_annotations
from weldon.data.image import SUFFIXES
from weldon.data.record import Box
from weldon.errors import DataError

Key = tuple[str, ...]

_ENDINGS = SUFFIXES | {".xml", ".heic", ".dcm"}


def match_names(names: Sequence[str], given: Sequence[str]) -> dict[str, str]:
    """Return, for each name that the file knows, the name it goes by there; each is used once.

    The first of these that fits: the same name; the same path without its ending; a path that ends in the
    other one (``day/a.jpg`` and ``a``); the last part alone; the last part without the digits that Label
    Studio puts before it.

    Args:
        names: of the data.
        given: of the file.

    Raises:
        DataError: two images of one side could be one of the other, all listed.

    Example:
        >>> match_names(["cat/a.jpg", "b.png"], ["a.xml", "sub/b"])
        {'cat/a.jpg': 'a.xml', 'b.png': 'sub/b'}
    """
    found = {name: name for name in names if name in set(given)}
    problems: list[str] = []
    for key in (_whole, *(_tail(levels) for levels in range(_deepest([*names, *given]), 0, -1)), _uploaded):
        open_names = [name for name in dict.fromkeys(names) if name not in found]
        taken = set(found.values())
        pairs = _by_key(open_names, key)
        for shared, theirs in _by_key((name for name in given if name not in taken), key).items():
            ours = pairs.get(shared, [])
            if len(ours) == 1 and len(theirs) == 1:
                found[ours[0]] = theirs[0]
            elif ours:
                problems.append(f"{' and '.join(theirs[:3])} could be {' and '.join(ours[:3])}")
        if problems:
            raise DataError("names could mean several images: give them with their folders, as", problems)
    return found


def _by_key(names: Iterable[str], key: Callable[[str], Key]) -> dict[Key, list[str]]:
    found: dict[Key, list[str]] = defaultdict(list)
    for name in names:
        if parts := key(name):
            found[parts].append(name)
    return found


def _whole(name: str) -> Key:
    """Return the parts of a path, the last one without the ending of a picture."""
    path = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/"))
    last = path.stem if path.suffix.lower() in _ENDINGS else path.name
    return (*(part for part in path.parts[:-1] if part != "/"), last) if last else ()


def _tail(levels: int) -> Callable[[str], Key]:
    """Return a function to the last parts of a path; paths that are shorter have none."""
    return lambda name: parts[-levels:] if len(parts := _whole(name)) >= levels else ()


def _uploaded(name: str) -> Key:
    return _whole(uploaded_name(name))[-1:]


def _deepest(names: Iterable[str]) -> int:
    return max((len(_whole(name)) for name in names), default=1)


class TrueBoxes(Mapping[str, tuple[Box, ...]]):
    """The boxes of each image, by the name the file gives it, or by any name that can mean no other image.

    ``images/a.jpg``, ``a.jpg`` and (in VOC, whose files often lack the ending) ``a`` are one image as long as
    only one image of the file can be meant. :meth:`of` matches a whole data set, from both sides.

    Args:
        boxes: of each file name.
        notes: what the user should know about the reading.
    """

    def __init__(self, boxes: Mapping[str, tuple[Box, ...]], notes: Sequence[str] = ()) -> None:
        self._boxes, self.notes = dict(boxes), tuple(notes)

    def __getitem__(self, name: str) -> tuple[Box, ...]:
        try:
            return self._boxes[name] if name in self._boxes else self.of([name])[name]
        except DataError:
            raise KeyError(f"{name} could mean several images") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._boxes)

    def __len__(self) -> int:
        return len(self._boxes)

    def of(self, names: Sequence[str]) -> dict[str, tuple[Box, ...]]:
        """Return the boxes of the images of these names, where the file lists them.

        Names are matched in full, else by what they have in common: see :func:`match_names`.

        Raises:
            DataError: a name that could mean several images.
        """
        return {name: self._boxes[given] for name, given in match_names(names, list(self._boxes)).items()}


def read_boxes(path: str | Path) -> TrueBoxes:
    """Return the true boxes in a file or folder of any format that is read (:data:`weldon.data.FORMATS`).

    An image that is listed without a mark has none of the objects; an image that is not listed is not known.
    A class whose place is not told is marked difficult, see :meth:`ImageAnnotation.truth`.

    Raises:
        DataError: the file cannot be read, or lists an image twice.
        UsageError: none of these forms.
    """
    found = read_annotations(Path(path))
    times = Counter(image.file_name for image in found.images)
    if twice := [f"{name}: {count} times" for name, count in times.items() if count > 1]:
        raise DataError(f"{path} lists images more than once, so that nobody can tell their boxes:", twice)
    return TrueBoxes({image.file_name: image.truth(found.classes) for image in found.images}, found.notes)
