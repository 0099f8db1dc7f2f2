"""Photographs that are there more than once, as equal files or as near copies: leaks between splits."""

from __future__ import annotations

import contextlib
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.data.file_facts import BITS, FileFacts, content_digest
from weldon.data.record import Record

# Bits of 256 in which two encodings of one photograph may differ. Measured on VOC 2012 animals and steel
# plates: 96 % of copies saved at quality 40-95 and half to double size differ in at most 8; no two of the
# 2,997 and of the 1,170 different photographs do (at 12 the first pair of plates does).
NEAR = 8


@dataclass(frozen=True, slots=True)
class Copies:
    """Images that are one photograph.

    Args:
        file_names: of the images.
        exact: the files are equal byte for byte; otherwise they look alike in a small grey picture.
        splits: in which they lie.
        same_labels: they carry equal labels.
    """

    file_names: tuple[str, ...]
    exact: bool
    splits: tuple[str, ...]
    same_labels: bool


def find_copies(records: Sequence[Record], facts: Sequence[FileFacts]) -> tuple[Copies, ...]:
    """Return the groups of equal files, then those of pictures that look alike though their files differ.

    Args:
        records: the images.
        facts: of their files, in the same order.
    """
    return (*_exact_copies(records, facts), *_near_copies(records, facts))


def first_names(records: Iterable[Record]) -> dict[Path, str]:
    """Return the first name of those of equal files, by the path of each; what cannot be read has none.

    Only files of one length are read, and only regular ones: a pipe would be waited for.
    """
    by_size: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        with contextlib.suppress(OSError, ValueError):  # in a shard, or no name that a file can have
            if stat.S_ISREG((seen := record.path.stat()).st_mode):
                by_size[seen.st_size].append(record)
    equal: dict[str, list[Record]] = defaultdict(list)
    for alike in by_size.values():
        for record in alike if len(alike) > 1 else ():
            with contextlib.suppress(OSError):
                equal[content_digest(record.path)].append(record)
    return {record.path: min(one.file_name for one in same) for same in equal.values() for record in same}


def copy_errors(copies: Iterable[Copies]) -> Iterator[str]:
    """Name files that lie in several splits, and files with different labels."""
    for group in copies:
        if group.exact and len(group.splits) > 1:
            yield f"leak: one file in {' and '.join(group.splits)}: {', '.join(group.file_names)}"
        if group.exact and not group.same_labels:
            yield f"one file with different labels: {', '.join(group.file_names)}"


def copy_warnings(copies: Iterable[Copies]) -> Iterator[str]:
    """Name needless copies within a split, and pictures that look alike."""
    for group in copies:
        names = ", ".join(group.file_names)
        if group.exact and len(group.splits) == 1 and group.same_labels:
            yield f"one file {len(group.file_names)} times: {names}"
        elif not group.exact and len(group.splits) > 1:
            yield f"nearly one picture in {' and '.join(group.splits)}, look whether it leaks: {names}"
        elif not group.exact:
            yield f"nearly one picture {len(group.file_names)} times: {names}"


def near_copies(prints: Sequence[int | None], near: int = NEAR) -> list[list[int]]:
    """Return the clusters of two or more pictures whose fingerprints hardly differ.

    Two prints that differ in at most ``near`` bits agree on one of ``near + 1`` bands, so only those that
    share a band are compared, each with the first picture of a cluster.

    Args:
        prints: 256-bit fingerprints; None is never near anything.
        near: bits that may differ.

    Returns:
        Lists of positions in ``prints``, the first being the picture the others are near to.

    Example:
        >>> near_copies([0b1111, None, 0b1110, 1 << 200, 0b1111], near=2)
        [[0, 2, 4]]
    """
    width = -(-BITS // (near + 1))
    leaders: dict[tuple[int, int], list[int]] = {}
    clusters: dict[int, list[int]] = {}
    for position, print_ in enumerate(prints):
        if print_ is None:
            continue
        bands = [(band, print_ >> (band * width) & ((1 << width) - 1)) for band in range(near + 1)]
        leader = _nearest(position, prints, (one for band in bands for one in leaders.get(band, ())), near)
        if leader is not None:
            clusters[leader].append(position)
            continue
        clusters[position] = [position]
        for band in bands:
            leaders.setdefault(band, []).append(position)
    return [cluster for cluster in clusters.values() if len(cluster) > 1]


def _nearest(position: int, prints: Sequence[int | None], leaders: Iterable[int], near: int) -> int | None:
    mine = prints[position] or 0
    for leader in leaders:
        if ((prints[leader] or 0) ^ mine).bit_count() <= near:
            return leader
    return None


def _copies(records: Sequence[Record], members: Sequence[int], *, exact: bool) -> Copies:
    together = [records[index] for index in members]
    return Copies(
        tuple(record.file_name for record in together),
        exact,
        tuple(sorted({record.split or "-" for record in together})),
        len({(record.labels, record.unknown) for record in together}) == 1,
    )


def _exact_copies(records: Sequence[Record], facts: Sequence[FileFacts]) -> Iterator[Copies]:
    alike: dict[str, list[int]] = defaultdict(list)
    for index, fact in enumerate(facts):
        if fact.problem is None:
            alike[fact.digest].append(index)
    return (_copies(records, members, exact=True) for members in alike.values() if len(members) > 1)


def _near_copies(records: Sequence[Record], facts: Sequence[FileFacts]) -> Iterator[Copies]:
    """Return clusters of pictures that look alike and are more than copies of one file."""
    for members in near_copies([fact.fingerprint for fact in facts]):
        if len({facts[index].digest for index in members}) > 1:
            yield _copies(records, members, exact=False)
