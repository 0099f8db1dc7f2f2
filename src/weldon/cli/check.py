"""``weldon check``: look at labels and files, change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weldon.cli.console import out, print_json
from weldon.cli.max_pixels import MaxPixels
from weldon.progress import progress_bar


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
    from weldon.data import check_data, read_labels
    from weldon.data.bags.bag_files import holds_bags

    if holds_bags(data, labels):
        reading = {"label_sep": label_sep, "minus_one": minus_one, "group_col": group_col, "sheet": sheet}
        _check_bags(data, labels, json=json, window=window, **reading)
        return
    data, dataset = _named(data, dataset, data_root)
    label_set = read_labels(
        data,
        labels,
        label_sep=label_sep,
        minus_one=minus_one,
        group_col=group_col,
        sheet=sheet,
        image_set=image_set,
        dataset=dataset,
    )
    with progress_bar(shown=not json) as progress:
        bar = progress.add_task("reading files", total=len(label_set.records))
        report = check_data(
            label_set,
            folder=None if dataset else data,  # public archives hold files that the protocol leaves out
            progress=lambda done: progress.update(bar, completed=done),
            window=_window(window),
        )
    if json:
        print_json(report.as_dict())
    else:
        out.print(report.render(), markup=False, soft_wrap=True)
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
    report = check_bags(read_bag_labels(recipe, bags, labels), bags)
    if json:
        print_json(report.as_dict())
    else:
        out.print(report.render(), markup=False, soft_wrap=True)


def _named(data: Path, dataset: str | None, data_root: Path | None) -> tuple[Path, str | None]:
    """Return the folder and the public data set; DATA may be the name itself where no such path exists."""
    from weldon.data.public.catalogue import CATALOGUE, DATA_ROOT, place_of

    name = str(data)
    if dataset is None and name in CATALOGUE and not data.exists():
        return place_of(name, data_root or DATA_ROOT), name
    return data, dataset
