"""What ``weldon check`` finds in bags: counts of labels and instances, bags without a label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from weldon.counted import counted
from weldon.data import LabelSet
from weldon.data.bags.bag_source import BagSource
from weldon.data.check import FEW_POSITIVES
from weldon.training.inputs.bags import unlabelled_note


@dataclass(frozen=True, slots=True)
class BagReport:
    """Everything found in labelled bags.

    Args:
        bags: labelled bags.
        features: F.
        instances: fewest, median and most instances of a bag; zeros where there is no bag.
        splits: bags in each split; ``-`` for those without.
        positives: bags with each class.
        unknown: bags where a class was not labelled.
        unused: bags that no row of the table names.
        errors: what is wrong with the labels; the counts are of what was understood.
        warnings: what deserves a look.
        notes: what the reader of the labels decided.
    """

    bags: int
    features: int
    instances: tuple[int, int, int]
    splits: dict[str, int]
    positives: dict[str, int]
    unknown: dict[str, int]
    unused: tuple[str, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)

    def render(self) -> str:
        """Return the report as text for a terminal."""
        fewest, middle, most = self.instances
        width = max([0, *map(len, self.positives)])
        return "\n".join(
            [
                *self.notes,
                f"{counted(self.bags, 'bag')} of {fewest} to {most} instances (median {middle}), "
                f"{counted(self.features, 'feature')}",
                "splits: " + ", ".join(f"{name} {count}" for name, count in self.splits.items()),
                *(
                    f"  {name:<{width}}  {count:>6} present"
                    + (f"  {self.unknown[name]:>6} unknown" if self.unknown[name] else "")
                    for name, count in self.positives.items()
                ),
                *(f"error: {words}" for words in self.errors),
                *(f"warning: {words}" for words in self.warnings),
            ]
        )


def check_bags(labels: LabelSet, bags: BagSource, *, problems: Sequence[str] = ()) -> BagReport:
    """Read every labelled bag once and count.

    Args:
        labels: of the bags.
        bags: where they lie.
        problems: what is wrong with the labels, when ``labels`` is only what was understood of them.

    Raises:
        DataError: a bag with a feature that is not a finite number.
    """
    records = labels.records
    sizes = sorted(len(bags.read(record.path)) for record in records)
    positives = Counter(name for record in records for name in record.labels)
    unknown = Counter(name for record in records for name in record.unknown)
    named = {record.path for record in records}
    unused = tuple(bags.name(path) for path in bags.paths if path not in named)
    return BagReport(
        bags=len(records),
        features=bags.num_features,
        instances=(sizes[0], sizes[len(sizes) // 2], sizes[-1]) if sizes else (0, 0, 0),
        splits=dict(Counter(record.split or "-" for record in records)),
        positives={name: positives[name] for name in labels.classes},
        unknown={name: unknown[name] for name in labels.classes},
        unused=unused,
        errors=tuple(problems),
        warnings=tuple(_warnings(labels, positives, unlabelled_note(bags, list(named)))),
        notes=labels.notes,
    )


def _warnings(labels: LabelSet, positives: Counter[str], left: tuple[str, ...]) -> list[str]:
    few = [
        f"class {name!r} has {counted(positives[name], 'bag')}: its average precision is a matter of chance"
        for name in labels.classes
        if positives[name] < FEW_POSITIVES
    ]
    return [*few, *left]
