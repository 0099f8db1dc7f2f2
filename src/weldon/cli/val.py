"""``weldon val``: measure a run on the images it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weldon.cli.console import out, print_json, print_table
from weldon.cli.pixels import MaxPixels
from weldon.device import HELP as DEVICE_HELP

# What a person reads in a table; the JSON output has everything.
COLUMNS = {
    "positives": "positives",
    "ap": "AP",
    "pointwise": "pointwise",
    "maxboxacc": "MaxBoxAcc",
    "pxap": "PxAP",
    "iou": "IoU",
    "iou_crf": "IoU with CRF",
}


def val(
    run: Annotated[Path, typer.Argument(help="run directory; it remembers its data")],
    data: Annotated[Path | None, typer.Argument(help="other labelled images [the run's own]")] = None,
    labels: Annotated[Path | None, typer.Option(help="their table of labels")] = None,
    split: Annotated[str | None, typer.Option(help="which images: train, val or test [val]")] = None,
    boxes: Annotated[
        Path | None, typer.Option(help="true boxes: COCO, Label Studio, CVAT, or a folder of VOC XML")
    ] = None,
    masks: Annotated[Path | None, typer.Option(help="folder of true masks, indexed PNG")] = None,
    legend: Annotated[
        str | None, typer.Option(help="what mask indices mean: voc, run or a table [legend.csv beside them]")
    ] = None,
    tune_on: Annotated[
        str | None,
        typer.Option(help="declared images that choose box threshold and background: a split or a list file"),
    ] = None,
    crf: Annotated[bool, typer.Option("--crf", help="measure masks refined by the dense CRF too")] = False,
    tune_crf: Annotated[
        bool, typer.Option("--tune-crf", help="choose the CRF's parameters on the declared masks")
    ] = False,
    known_labels: Annotated[
        bool, typer.Option("--known-labels", help="masks of the true classes, not of the predicted ones")
    ] = False,
    scales: Annotated[
        str | None,
        typer.Option(help="image sizes to combine, as 224,320,448 (sizes of Table 3 in the paper)"),
    ] = None,
    scale_k: Annotated[
        str, typer.Option(help="regions at each scale: table3, run, or counts as 5,20,50")
    ] = "table3",
    others: Annotated[
        list[Path] | None, typer.Option("--with", help="another run to combine, at its own size; repeat it")
    ] = None,
    combine: Annotated[str, typer.Option(help="scales and runs: object-bank or average")] = "object-bank",
    fit_on: Annotated[str, typer.Option(help="split on which the object bank is fitted")] = "train",
    ten_crops: Annotated[
        bool, typer.Option("--ten-crops", help="average ten crops in place of one look at the whole image")
    ] = False,
    min_positives: Annotated[
        int, typer.Option(min=0, max=10**9, help="leave rarer classes out of means")
    ] = 1,
    device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "auto",
    max_pixels: MaxPixels = None,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Measure a run: average precision, accuracy, and where truth is given, points, boxes and masks."""
    from weldon.cli.val_test_time import at_test_time
    from weldon.evaluation import evaluate

    common: dict[str, Any] = {
        "labels": labels,
        "split": split,
        "min_positives": min_positives,
        "device": device,
    }
    looks = at_test_time(
        run,
        data,
        sizes=scales,
        k=scale_k,
        others=others or (),
        combine=combine,
        fit_on=fit_on,
        ten_crops=ten_crops,
        located=any((boxes, masks, tune_on, crf, tune_crf)),
        progress=not json,
        **common,
    )
    figures = looks or evaluate(
        run,
        data,
        boxes=boxes,
        masks=masks,
        legend=legend,
        tune_on=tune_on,
        crf=crf,
        tune_crf=tune_crf,
        known_labels=known_labels,
        progress=not json,
        **common,
    )
    if json:
        print_json(figures)
    else:
        _show(figures)


def _show(figures: dict[str, Any]) -> None:
    from weldon.evaluation.measured_truth import describe_truth

    per_class: dict[str, dict[str, Any]] = figures["per_class"]
    shown = [name for name in COLUMNS if any(name in values for values in per_class.values())]
    rows = [[name, *(_cell(values.get(column)) for column in shown)] for name, values in per_class.items()]
    print_table("by class, in %", ["class", *(COLUMNS[name] for name in shown)], rows)
    for name, value in figures.items():
        if isinstance(value, float):
            out.print(f"{name:24} {100 * value:.2f}")
    for name, value in figures.get("scales", {}).items():
        out.print(f"{name}: {100 * value:.2f}", markup=False)
    for line in describe_truth(figures.get("truth", {})):
        out.print(line, markup=False)
    if "segmentation" in figures:
        out.print(describe_masks(figures["segmentation"]), markup=False)


def _cell(value: float | None) -> str:
    if value is None or value != value:
        return ""
    return str(value) if isinstance(value, int) else f"{100 * value:.1f}"


def describe_masks(used: dict[str, Any]) -> str:
    """Say how masks were drawn.

    Example:
        >>> used = {"background": 0.5, "relative": True, "labels": "predicted", "chosen_by": "defaults"}
        >>> describe_masks(used)
        "masks of the predicted classes; background 0.5 of a map's range (defaults)"
    """
    scale = "of a map's range" if used["relative"] else "as a score"
    background = f"background {used['background']:.3g} {scale}"
    crf = used.get("crf")
    refined = f"; CRF {', '.join(f'{name} {value:.3g}' for name, value in crf.items())}" if crf else ""
    return f"masks of the {used['labels']} classes; {background} ({used['chosen_by']}){refined}"
