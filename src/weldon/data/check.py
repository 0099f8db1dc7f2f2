"""What ``weldon check`` finds: counts, doubtful labels, bad files, copies, leaks between splits."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from weldon.counted import counted
from weldon.data.copies import Copies, copy_errors, copy_warnings, find_copies
from weldon.data.file_facts import FileFacts, file_facts
from weldon.data.greys import Window
from weldon.data.labels.class_names import alike_names
from weldon.data.labels.huggingface import METADATA
from weldon.data.record import LabelSet, Record
from weldon.data.split import straddling_groups
from weldon.data.walk import notes_on, walk

# Fewer positives than this make an average precision a matter of chance.
FEW_POSITIVES = 10
# A share of unreadable files above this stops a training run before it starts.
_TINY = 32
_WHOLE_FOLDERS = ("voc", "shards")  # they hold more than what is learnt from


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How often a class was labelled.

    Args:
        name: of the class.
        positives: images that show it.
        unknown: images where it was not labelled.
        by_split: positives in each split.
    """

    name: str
    positives: int
    unknown: int
    by_split: dict[str, int]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything found in a data set; ``as_dict`` makes it JSON, ``render`` text.

    Args:
        form: of the labels.
        images: how many there are.
        splits: images in each split; ``-`` for those without.
        classes: counts, in the order of the classes.
        cooccurrence: C x C images that show both classes; the diagonal holds the positives.
        unlabelled: images without any positive.
        unknown_cells: image-class pairs that were not labelled.
        unreadable: file name and reason of each image that cannot be decoded.
        turned: images stored lying or mirrored, and shown upright by their EXIF tag.
        modes: how many files store their pixels in which way.
        sizes: smallest, median and largest width and height.
        copies: images that are there more than once.
        unused: images in the folder that no row names.
        errors: what must be mended; training stops at these or would mislead.
        warnings: what deserves a look.
        notes: what the reader of the labels decided.
    """

    form: str
    images: int
    splits: dict[str, int]
    classes: tuple[ClassCount, ...]
    cooccurrence: tuple[tuple[int, ...], ...]
    unlabelled: int
    unknown_cells: int
    unreadable: tuple[tuple[str, str], ...]
    turned: int
    modes: dict[str, int]
    sizes: dict[str, tuple[int, int]]
    copies: tuple[Copies, ...]
    unused: tuple[str, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain dictionaries, lists, texts and numbers."""
        return asdict(self)

    def render(self) -> str:
        """Return the report as text for a terminal."""
        from weldon.data.check_text import render_check

        return render_check(self)


def bearable(files: int) -> int:
    """Return how many of ``files`` may be unreadable before a run is refused: 1 %, of few files up to three.

    Example:
        >>> bearable(10), bearable(60), bearable(1000)
        (0, 3, 10)
    """
    return max(files // 100, min(3, files // 20))


def check_data(
    label_set: LabelSet,
    *,
    folder: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
    window: Window | None = None,
    problems: Sequence[str] = (),
) -> CheckReport:
    """Look at every label and every file, and change nothing.

    Args:
        label_set: what ``read_labels`` returned.
        folder: where to look for images that no row names; None looks nowhere (nor is a devkit searched).
        progress: called with the number of files read so far.
        window: as for :func:`weldon.data.load_image`.
        problems: what is wrong with the labels, when ``label_set`` is only what was understood of them.
    """
    records = label_set.records
    facts = _facts(records, progress, window)
    copies = find_copies(records, facts)
    unreadable = tuple(
        (record.file_name, fact.problem)
        for record, fact in zip(records, facts, strict=True)
        if fact.problem is not None
    )
    counts = tuple(_count(name, records) for name in label_set.classes)
    unused, passed_over = _not_named(label_set, folder)
    alike = alike_names(label_set.classes)
    warnings = (
        *alike,
        *_label_warnings(label_set, counts),
        *_file_warnings(records, facts),
        *_window_warnings(records, facts, window),
        *copy_warnings(copies),
        *_unused_warnings(unused),
    )
    bad = tuple(f"{name} cannot be read: {reason}" for name, reason in unreadable)
    many = len(bad) > bearable(len(records))
    errors = (*problems, *copy_errors(copies), *_group_errors(records))
    return CheckReport(
        form=label_set.form,
        images=len(records),
        splits=dict(Counter(record.split or "-" for record in records)),
        classes=counts,
        cooccurrence=cooccurrence(records, label_set.classes),
        unlabelled=sum(not record.labels for record in records),
        unknown_cells=sum(count.unknown for count in counts),
        unreadable=unreadable,
        turned=sum(fact.turned for fact in facts),
        modes=dict(Counter(fact.mode for fact in facts if fact.mode)),
        sizes=_sizes(facts),
        copies=copies,
        unused=unused,
        errors=(*errors, *bad) if many else errors,
        warnings=warnings if many else (*bad, *warnings),
        notes=(*(note for note in label_set.notes if note not in alike), *passed_over),
    )


def cooccurrence(records: Sequence[Record], classes: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Return how many images show both of two classes, C x C; the diagonal counts the positives."""
    pairs = Counter((one, two) for record in records for one in record.labels for two in record.labels)
    return tuple(tuple(pairs[one, two] for two in classes) for one in classes)


def _facts(
    records: Sequence[Record], progress: Callable[[int], None] | None, window: Window | None
) -> list[FileFacts]:
    facts = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        for fact in threads.map(lambda record: file_facts(record.path, window), records):
            facts.append(fact)
            if progress is not None:
                progress(len(facts))
    return facts


def _count(name: str, records: Sequence[Record]) -> ClassCount:
    positive = [record.split or "-" for record in records if name in record.labels]
    unknown = sum(name in record.unknown for record in records)
    return ClassCount(name, len(positive), unknown, dict(Counter(positive)))


def _sizes(facts: Sequence[FileFacts]) -> dict[str, tuple[int, int]]:
    sizes = [fact.size for fact in facts if fact.size is not None]
    if not sizes:
        return {}
    widths, heights = (sorted(side) for side in zip(*sizes, strict=True))
    middle = len(sizes) // 2
    return {
        "smallest": (widths[0], heights[0]),
        "median": (widths[middle], heights[middle]),
        "largest": (widths[-1], heights[-1]),
    }


def _not_named(label_set: LabelSet, folder: str | Path | None) -> tuple[tuple[str, ...], list[str]]:
    """Return the images in a folder that no row names, and a note on each other kind of file there."""
    if folder is None or label_set.form in _WHOLE_FOLDERS or not (root := Path(folder)).is_dir():
        return (), []
    found = walk(root)
    used = {record.path.resolve() for record in label_set.records}
    used.update(path.resolve() for path in label_set.besides)
    images, others = (
        [path for path in paths if path.resolve() not in used] for paths in (found.images, found.others)
    )
    unused = tuple(str(path.relative_to(root)) for path in images)
    if label_set.form == "folder":  # whose reader has looked at the rest
        return unused, []
    return unused, notes_on(
        replace(found, others=[path for path in others if path.name not in METADATA]), root
    )


def _group_errors(records: Sequence[Record]) -> list[str]:
    return [
        f"leak: group {group!r} has images in {' and '.join(splits)}"
        for group, splits in straddling_groups(records).items()
    ]


def _label_warnings(label_set: LabelSet, counts: Sequence[ClassCount]) -> Iterator[str]:
    splits = {record.split or "-" for record in label_set.records}
    for count in counts if splits else ():
        trained = count.by_split.get("train", 0) + count.by_split.get("-", 0)
        if not trained and splits & {"train", "-"}:
            yield f"class {count.name!r} has no positive to learn from"
        elif "val" in splits and not count.by_split.get("val"):
            yield f"class {count.name!r} has no positive in val: its AP cannot be measured"
        elif count.positives < FEW_POSITIVES:
            yield f"class {count.name!r} has {count.positives} positives: too few to learn from or to measure"
        if count.positives == len(label_set.records):
            yield f"class {count.name!r} is in every image: there is nothing to tell it from"
        if count.positives + count.unknown == len(label_set.records) and count.unknown:
            yield f"class {count.name!r} is nowhere absent, only present or unknown: it cannot be learnt"


def _file_warnings(records: Sequence[Record], facts: Sequence[FileFacts]) -> Iterator[str]:
    for record, fact in zip(records, facts, strict=True):
        if fact.size and min(fact.size) < _TINY:
            yield f"{record.file_name} is tiny: {fact.size[0]} x {fact.size[1]} pixels"
        if fact.dark:
            said = f"{record.file_name} uses less than a quarter of its 16 bits and comes out dark"
            yield f"{said}: give --window LOW HIGH"
        if fact.animated:
            yield f"{record.file_name} holds several frames or pages: only the first is used"


def _window_warnings(
    records: Sequence[Record], facts: Sequence[FileFacts], window: Window | None
) -> Iterator[str]:
    """Say which DICOM pictures are shown by what their own files say, and which by nothing."""
    bare = [record.file_name for record, fact in zip(records, facts, strict=True) if fact.own_window is False]
    own = sum(fact.own_window is True for fact in facts)
    if bare and window is None:
        yield (
            f"{len(bare)} DICOM pictures say no window and are shown over the whole range that they could "
            f"hold, {bare[0]} for one: give --window LOW HIGH"
        )
    if own and window is None:
        yield f"{own} DICOM pictures are shown by windows of their own: --window LOW HIGH makes all alike"


def _unused_warnings(unused: Sequence[str]) -> Iterator[str]:
    if unused:
        shown = ", ".join(unused[:5]) + (", ..." if len(unused) > 5 else "")
        are = counted(len(unused), "image in the folder is", "images in the folder are")
        yield f"{are} in no row: {shown}"
