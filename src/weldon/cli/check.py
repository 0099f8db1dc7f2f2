"""``weldon check``: look at labels and files, change nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weldon.cli.console import out, print_json, say
from weldon.cli.max_pixels import MaxPixels
from weldon.errors import printable
from weldon.progress import progress_bar

if TYPE_CHECKING:
    from weldon.data import CheckReport, LabelSet
    from weldon.training.inputs.bag_check import BagReport


def check(
    data: Annotated[Path, typer.Argument(help="images, a VOC devkit, bags, or a public data set's name")],
    labels: Annotated[Path | None, typer.Option(help="table of image labels")] = None,
    sheet: Annotated[str | None, typer.Option(help="sheet of an .xlsx or .ods table, by its name")] = None,
    label_sep: Annotated[str | None, typer.Option(help="what separates labels in one cell")] = None,
    minus_one: Annotated[str | None, typer.Option(help="what -1 means: absent, unknown or present")] = None,
    group_col: Annotated[str | None, typer.Option(help="column whose rows stay in one split")] = None,
    image_set: Annotated[str, typer.Option(help="VOC devkit: main or segmentation")] = "main",
    dataset: Annotated[str | None, typer.Option(help="DATA holds this public data set")] = None,
    data_root: Annotated[
        Path | None,
        typer.Option(help="where public data sets lie, with a NAME for DATA", envvar="WELDON_DATA"),
    ] = None,
    window: Annotated[
        tuple[float, float] | None,
        typer.Option(help="grey values that are black and white, LOW HIGH", show_default=False),
    ] = None,
    max_pixels: MaxPixels = None,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Count, and find what would go wrong: bad, missing, duplicate and leaking files, contradictions."""
    say(f"reading {data if labels is None else f'{data} and {labels}'} ...")  # libraries take seconds
    from weldon.data import check_data, read_labels
    from weldon.data.bags.bag_files import holds_bags

    reading = {"label_sep": label_sep, "minus_one": minus_one, "group_col": group_col, "sheet": sheet}
    if holds_bags(data, labels):
        _check_bags(data, labels, json=json, window=window, **reading)
        return
    data, dataset = _named(data, dataset, data_root)
    label_set, problems = _understood(
        lambda: read_labels(data, labels, image_set=image_set, dataset=dataset, **reading)
    )
    with progress_bar(shown=not json) as progress:
        bar = progress.add_task("reading files", total=len(label_set.records))
        report = check_data(
            label_set,
            folder=None if dataset else data,  # public archives hold files that the protocol leaves out
            progress=lambda done: progress.update(bar, completed=done),
            window=_window(window),
            problems=problems,
        )
    _show(report, json=json)


def _understood(read: Callable[[], LabelSet]) -> tuple[LabelSet, tuple[str, ...]]:
    """Return labels and what is wrong with them; where something is, the labels are those understood."""
    from weldon.data.labels.rows import LabelsError

    try:
        return read(), ()
    except LabelsError as error:
        return error.understood, error.problems


def _show(report: CheckReport | BagReport, *, json: bool) -> None:
    """Print what was found, and leave with status 1 where something must be mended."""
    if json:
        print_json(report.as_dict())
    else:
        out.print(printable(report.render()), markup=False, soft_wrap=True)
    if report.errors:
        raise typer.Exit(1)


def _window(given: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return the window as ``weldon train`` takes it, or refuse it in the same words."""
    from weldon.runs.recipe_file import build_recipe

    return None if given is None else build_recipe({"data": ".", "window": given}).window


def _check_bags(data: Path, labels: Path | None, *, json: bool, **options: Any) -> None:
    """Print what is found in bags."""
    from weldon.runs.recipe_file import build_recipe
    from weldon.training.inputs.bag_check import check_bags
    from weldon.training.inputs.bags import bags_at, read_bag_labels, refuse_image_options

    recipe = build_recipe({"data": data, **options})
    refuse_image_options(recipe)
    bags = bags_at(data, labels)
    assert bags is not None
    assert labels is not None
    label_set, problems = _understood(lambda: read_bag_labels(recipe, bags, labels))
    _show(check_bags(label_set, bags, problems=problems), json=json)


def _named(data: Path, dataset: str | None, data_root: Path | None) -> tuple[Path, str | None]:
    """Return the folder and the public data set; DATA may be the name itself where no such path exists."""
    from weldon.data.public.catalogue import CATALOGUE, DATA_ROOT, place_of

    name = str(data)
    if dataset is None and name in CATALOGUE and not data.exists():
        return place_of(name, data_root or DATA_ROOT), name
    return data, dataset
