"""The report of ``weldon check`` as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from weldon.counted import counted

if TYPE_CHECKING:
    from weldon.data.check import CheckReport, ClassCount

_SHOWN = {"error": 200}  # every error must be mended; of others a few show what there is
_FEW = 20
FORMS = {"long": "labels in one column", "wide": "a column a class", "folder": "a folder a class"}
_PAIRS = 8


def render_check(report: CheckReport) -> str:
    """Return the report in lines: totals, a row for each class, pairs, errors, warnings, notes."""
    return "\n".join(
        (
            *_totals(report),
            "",
            *_classes(report),
            *_pairs(report),
            *_listed("error", report.errors),
            *_listed("warning", report.warnings),
            *_listed("note", report.notes),
            "",
            _verdict(report),
        )
    )


def _totals(report: CheckReport) -> Iterator[str]:
    splits = ", ".join(f"{name} {count}" for name, count in sorted(report.splits.items()) if name != "-")
    divided = f" ({splits})" if splits else " (no splits yet)"
    form = FORMS.get(report.form, report.form)
    classes = counted(len(report.classes), "class", "classes")
    yield f"{counted(report.images, 'image')}{divided}, {classes}; {form}"
    if report.sizes:
        ends = (f"{name} {width} x {height}" for name, (width, height) in report.sizes.items())
        yield f"sizes: {', '.join(ends)} pixels; {report.turned} turned upright by EXIF"
    stored = ", ".join(f"{mode} {count}" for mode, count in sorted(report.modes.items()))
    yield f"pixels: {stored or 'none readable'}; {counted(len(report.unreadable), 'file')} cannot be read"
    bare, unknown = counted(report.unlabelled, "image"), counted(report.unknown_cells, "cell")
    yield f"labels: {bare} without a present class, {unknown} unknown"


def _classes(report: CheckReport) -> Iterator[str]:
    width = max([len("class"), *(len(count.name) for count in report.classes)])
    splits = [name for name in ("train", "val", "test") if name in report.splits]
    head = "".join(f"{name:>9}" for name in ("positives", *splits, "unknown"))
    yield f"{'class':<{width}} {head}"
    for count in report.classes:
        yield f"{count.name:<{width}} {_numbers(count, splits)}"


def _numbers(count: ClassCount, splits: Sequence[str]) -> str:
    held = (count.positives, *(count.by_split.get(name, 0) for name in splits), count.unknown)
    return "".join(f"{number:>9}" for number in held)


def _pairs(report: CheckReport) -> Iterator[str]:
    """Name the pairs of classes that share most images: context a model may lean on."""
    names = [count.name for count in report.classes]
    shared = [
        (report.cooccurrence[one][two], names[one], names[two])
        for one in range(len(names))
        for two in range(one + 1, len(names))
        if report.cooccurrence[one][two]
    ]
    if shared:
        most = sorted(shared, key=lambda pair: -pair[0])[:_PAIRS]
        yield ""
        yield "together: " + ", ".join(f"{one} + {two} {count}" for count, one, two in most)


def _listed(kind: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield ""
    shown = _SHOWN.get(kind, _FEW)
    for sentence in sentences[:shown]:
        yield f"{kind}: {sentence}"
    if len(sentences) > shown:
        yield f"... and {counted(len(sentences) - shown, f'more {kind}')} (--json lists all)"


def _verdict(report: CheckReport) -> str:
    return f"{counted(len(report.errors), 'error')}, {counted(len(report.warnings), 'warning')}"
