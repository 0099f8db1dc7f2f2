"""Write the page and the table that compare runs: figures, options, changed answers with both evidences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from weldon.files import write_csv, write_text
from weldon.inference.image_list import NamedImage
from weldon.inference.loading import image_predictor
from weldon.inference.result import Result
from weldon.models import WeldonNet
from weldon.report.decisions import Decisions, names_where
from weldon.report.page import render_template
from weldon.report.run_comparison import Change, Comparison, changed_answers, difference
from weldon.report.run_facts import describe_run
from weldon.report.scored_split import ScoredSplit
from weldon.report.views import Photo, View, make_photo, make_view
from weldon.training.inputs.picture_layout import eval_transform

SIDE = 300  # pixels of a photograph's long side
SHOWN = 12  # pictures of each kind
KINDS = ((True, "now right"), (False, "now wrong"), (None, "changed where nobody knows"))


@dataclass(frozen=True, slots=True)
class Pair:
    """A changed answer as both runs see it.

    Args:
        change: the answer.
        label: what the image is labelled for the class: present, absent or unknown.
        old: the class in the image, as the first run sees it.
        new: as the other run sees it.
    """

    change: Change
    label: str
    old: View
    new: View


@dataclass(frozen=True, slots=True)
class Group:
    """Changed answers of one kind.

    Args:
        name: of the other run.
        kind: in words.
        count: all of them.
        pairs: those that are shown.
    """

    name: str
    kind: str
    count: int
    pairs: Sequence[Pair]


@dataclass
class _Store:
    """The photographs of the page, each once."""

    photos: dict[int, Photo] = field(default_factory=dict)

    def photo(self, row: int, result: Result, name: str) -> Photo:
        if row not in self.photos:
            self.photos[row] = make_photo(result, len(self.photos), name=name, side=SIDE)
        return self.photos[row]


def write_comparison(path: Path, table: Path, compared: Comparison, *, shown: int = SHOWN) -> dict[str, Any]:
    """Write the page, one file that needs no network, and the table of classes; return all figures.

    Args:
        path: of the page.
        table: of the CSV file.
        compared: the runs.
        shown: pictures of each kind of change.
    """
    told, store = figures(compared), _Store()
    groups = [
        group for number in range(1, len(compared.sides)) for group in _groups(compared, number, shown, store)
    ]
    page = render_template(
        "compare.html",
        told=told,
        names=[side.name for side in compared.sides],
        classes=compared.classes,
        split=compared.splits[0].split,
        noun=compared.splits[0].noun,
        task=compared.splits[0].decision.task,
        draws=compared.draws.shape[1],
        facts=_facts(compared),
        reach=_reach(told),
        groups=groups,
        photos=list(store.photos.values()),
        table=table.name,
    )
    write_csv(table, list(_table_rows(told)))
    write_text(path, page)
    return told


def _table_rows(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for the mean, then one a class; shares in 0 to 1, empty where nothing can be measured."""
    yield {"class": "(mean)", "images": told["images"]} | _cells(
        told, [{"ap": run["map"], "sd": run["sd"], **run.get("difference", {})} for run in told["runs"]]
    )
    for name, images in told["positives"].items():
        yield {"class": name, "images": images} | _cells(
            told, [run["per_class"][name] for run in told["runs"]]
        )


def _cells(told: dict[str, Any], values: Sequence[dict[str, float]]) -> dict[str, str]:
    return {
        f"{run['name']} {what}": "" if value != value else f"{value:.6f}"
        for run, one in zip(told["runs"], values, strict=True)
        for what, value in one.items()
    }


def _facts(compared: Comparison) -> list[tuple[str, list[str]]]:
    """Return what the report says of each run."""
    said = [dict(describe_run(one)) for one in compared.splits]
    names = dict.fromkeys(name for values in said for name in values)
    return [(name, [values.get(name, "–") for values in said]) for name in names]


def _reach(told: dict[str, Any]) -> float:
    """Return the largest end of an interval: what the drawings of intervals go up to, at least 1 %."""
    values = [one for run in told["runs"][1:] for one in (run["difference"], *run["per_class"].values())]
    ends: list[float] = [
        abs(value) for one in values for value in (one["low"], one["high"]) if value == value
    ]
    return max([0.01, *ends])


def _groups(compared: Comparison, number: int, shown: int, store: _Store) -> Iterator[Group]:
    """Yield the changes from the first run to another by kind, each with its pictures."""
    changes = changed_answers(compared.sides[0].decided, compared.sides[number].decided)
    by_kind = {
        kind: _furthest(compared, number, [c for c in changes if c.right is kind]) for kind, _ in KINDS
    }
    wanted = [change for some in by_kind.values() for change in some[:shown]]
    views = [_views(compared, which, wanted, store) for which in (0, number)]
    for kind, words in KINDS:
        some = by_kind[kind]
        pairs = [
            Pair(c, _label(compared.sides[0].decided, c), *(seen[c.row, c.column] for seen in views))
            for c in some[:shown]
            if all((c.row, c.column) in seen for seen in views)
        ]
        if some:
            yield Group(compared.sides[number].name, words, len(some), pairs)


def _furthest(compared: Comparison, number: int, changes: list[Change]) -> list[Change]:
    """Return changes with the largest move across the threshold first."""
    old, new = (compared.sides[which].decided.margins for which in (0, number))
    return sorted(changes, key=lambda c: -abs(float(new[c.row, c.column] - old[c.row, c.column])))


def _label(decided: Decisions, change: Change) -> str:
    if not bool(decided.known[change.row, change.column]):
        return "unknown"
    return "present" if bool(decided.present[change.row, change.column]) else "absent"


def _views(
    compared: Comparison, which: int, changes: Sequence[Change], store: _Store
) -> dict[tuple[int, int], View]:
    """Return what a run sees in each changed answer, one forward pass an image; bags have no pictures."""
    split, decided = compared.splits[which], compared.sides[which].decided
    if not changes or not isinstance(split.net, WeldonNet):
        return {}
    predictor = image_predictor(split.net, split.decision, eval_transform(split.recipe, split.net))
    rows = sorted({change.row for change in changes})
    images = [NamedImage(split.records[compared.rows[which][row]].path, str(row)) for row in rows]
    found = {}
    for result in predictor.predict_many(images):
        row = int(result.file_name)
        photo = store.photo(row, result, compared.file_names[row])
        labels = names_where(decided.present[row], compared.classes)
        unknown = names_where(~decided.known[row], compared.classes)
        for change in changes:
            if change.row == row:
                name = compared.classes[change.column]
                found[row, change.column] = make_view(result, photo, name, labels=labels, unknown=unknown)
    return found


def figures(compared: Comparison) -> dict[str, Any]:
    """Return everything that the page prints in numbers, as plain values, shares in 0 to 1."""
    return {
        "images": len(compared.rows[0]),
        "runs": [_run_figures(compared, number) for number in range(len(compared.sides))],
        "positives": dict(zip(compared.classes, compared.positives, strict=True)),
        "options": different_options(compared.splits),
        "notes": list(compared.notes),
    }


def _run_figures(compared: Comparison, number: int) -> dict[str, Any]:
    side, draws, means = compared.sides[number], compared.draws[number], compared.mean_draws[number]
    per_class = {
        name: {"ap": float(side.ap[column]), "sd": spread(draws[:, column])}
        for column, name in enumerate(compared.classes)
    }
    said: dict[str, Any] = {"run": str(compared.splits[number].run.path), "name": side.name, "map": side.mean}
    said |= {"sd": spread(means), "accuracy": compared.accuracy(number)}
    if number:
        first, base = compared.sides[0], compared.draws[0]
        said["difference"] = difference(side.mean - first.mean, means - compared.mean_draws[0])
        for column, name in enumerate(compared.classes):
            gain = float(side.ap[column] - first.ap[column])
            per_class[name] |= difference(gain, draws[:, column] - base[:, column])
        changes = changed_answers(first.decided, side.decided)
        said["changed"] = len(changes)
        said["now_right"] = sum(change.right is True for change in changes)
        said["now_wrong"] = sum(change.right is False for change in changes)
    return {**said, "per_class": per_class}


def spread(draws: Tensor) -> float:
    """Return the standard deviation of the draws that have a value; NaN where fewer than two have."""
    known = draws[~draws.isnan()]
    return float(known.std()) if len(known) > 1 else float("nan")


def different_options(splits: Sequence[ScoredSplit]) -> dict[str, list[str]]:
    """Return the options of the recipes that are not the same in all runs, as each run has them."""
    said = [one.recipe.model_dump(mode="json") for one in splits]
    found = {name: [_spelt(values.get(name)) for values in said] for values in said for name in values}
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def _spelt(value: Any) -> str:
    if value is None or value in ([], ()):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
