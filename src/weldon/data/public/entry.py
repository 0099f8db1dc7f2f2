"""What the catalogue says about one public data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from weldon.data.record import LabelSet
from weldon.errors import DataError

TABLE_2 = "paper, Table 2"  # where the counts of most entries come from
FLICKR = "The photographs are Flickr's: their use must respect the Flickr terms of use."
Reader = Callable[..., LabelSet]


@dataclass(frozen=True, slots=True)
class Archive:
    """One file that a data set is fetched as.

    Args:
        name: of the file.
        addresses: where it is published, tried in this order; none where terms must be accepted first.
        size: in bytes; None where nobody wrote it down.
        checksum: algorithm and hexadecimal digest, ``md5:...``, ``sha1:...``, ``sha256:...``; None likewise.
        into: folder below the data set's own into which it is unpacked.
        unpacked: bytes for each byte of the archive; photographs do not shrink.
    """

    name: str
    addresses: tuple[str, ...]
    size: int | None = None
    checksum: str | None = None
    into: str = "."
    unpacked: float = 1.05

    @property
    def is_packed(self) -> bool:
        """Whether there is anything to unpack, by the ending."""
        return self.name.endswith((".tar", ".tgz", ".tar.gz", ".zip"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One public data set under one protocol.

    Args:
        name: as in ``--dataset NAME``.
        title: as people write it.
        classes: names in their order; empty where the data's own files list them.
        num_classes: how many there are.
        train: training images.
        test: images to measure on.
        measure: ``mAP``, ``accuracy`` ...
        source: where these numbers stand.
        home: folder below the data root; several protocols may share one.
        page: where people read about the data.
        licence: what its users must respect, one sentence.
        layout: what the folder holds, a line a path.
        archives: what to fetch.
        read: the reader, ``read(folder, classes=None)``.
        by_hand: how to get what cannot be fetched; empty where everything can.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    num_classes: int
    train: int
    test: int
    measure: str
    source: str
    home: str
    page: str
    licence: str
    layout: tuple[str, ...]
    archives: tuple[Archive, ...]
    read: Reader
    by_hand: str = ""

    @property
    def size(self) -> int:
        """Bytes of all archives whose size is known."""
        return sum(archive.size or 0 for archive in self.archives)


def find_folder(root: Path, inner: tuple[str, ...], needed: tuple[str, ...], title: str) -> Path:
    """Return the first of ``root`` and its ``inner`` folders that holds everything ``needed``.

    Raises:
        DataError: none does; the message says what was looked for and where.
    """
    folders = [root, *(root / name for name in inner)]
    for folder in folders:
        if all((folder / name).exists() for name in needed):
            return folder
    looked = " or ".join(str(folder) for folder in folders)
    raise DataError(f"no {title} in {looked}: it must hold {', '.join(needed)}")
