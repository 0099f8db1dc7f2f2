"""``weldon predict``: what is in each picture, where, and files for the annotation tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weldon.cli.console import print_json, progress_bar, say
from weldon.cli.pixels import MaxPixels
from weldon.cli.predict_bags import predict_bags
from weldon.device import HELP as DEVICE_HELP
from weldon.errors import UsageError


def predict(
    run: Annotated[Path, typer.Argument(help="run directory")],
    images: Annotated[list[str], typer.Argument(help="files, folders, patterns or text lists; or bags")],
    out: Annotated[Path | None, typer.Option(help="folder to write [first free of runs/predict, …]")] = None,
    to: Annotated[
        str | None, typer.Option(help="annotation formats, as coco,cvat; an unknown name lists them")
    ] = None,
    points: Annotated[bool, typer.Option("--points", help="a point for each predicted class")] = False,
    boxes: Annotated[bool, typer.Option("--boxes", help="boxes for each predicted class")] = False,
    masks: Annotated[bool, typer.Option("--masks", help="an indexed mask an image")] = False,
    heatmaps: Annotated[bool, typer.Option("--heatmaps", help="signed maps and overlays")] = False,
    box_threshold: Annotated[
        float | None, typer.Option(help="share of a map's range [the run's, else 0.5]")
    ] = None,
    crf: Annotated[bool, typer.Option("--crf", help="sharpen masks with a dense CRF")] = False,
    wide: Annotated[bool, typer.Option("--wide", help="a row an image in predictions.csv")] = False,
    device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "auto",
    batch_size: Annotated[int, typer.Option("--batch-size", "-b", help="images a pass")] = 8,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="write into a folder with files")] = False,
    max_pixels: MaxPixels = None,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Predict: labels, points, boxes, masks and maps from one forward pass."""
    from weldon.data import write_annotations
    from weldon.data.formats.registry import check_file_names
    from weldon.inference import PredictionWriter, expand_images, open_run, to_annotation
    from weldon.inference.image_list import photo_folder
    from weldon.inference.predict import load_images
    from weldon.inference.run_network import is_bag_run
    from weldon.runs.out_directory import make_free

    if is_bag_run(open_run(run)):
        of_images: dict[str, object] = {"--to": to, "--points": points, "--boxes": boxes, "--masks": masks}
        of_images |= {"--crf": crf, "--heatmaps": heatmaps, "--box-threshold": box_threshold}
        predict_bags(
            *(run, images),
            of_images=of_images,
            out=out,
            wide=wide,
            device=device,
            overwrite=overwrite,
            json=json,
        )
        return
    formats = _formats(to)
    if box_threshold is not None and not 0 < box_threshold < 1:
        raise UsageError(f"box-threshold must be a share between 0 and 1, got {box_threshold}")
    predictor = load_images(run, device=device, batch_size=batch_size)
    named = expand_images(images)
    check_file_names(formats, [image.file_name for image in named])
    folder = out if out is not None else make_free(Path("runs"), "predict")
    mask_options = {"crf": crf} if masks else None
    writer = PredictionWriter(
        folder,
        predictor.classes,
        wide=wide,
        heatmaps=heatmaps,
        masks=mask_options,
        box_threshold=box_threshold,
        overwrite=overwrite,
    )
    annotations = []
    with writer, progress_bar(quiet=json) as progress:
        for result in progress.track(predictor.predict_many(named), total=len(named), description="images"):
            writer.add(result)
            if formats:
                annotations.append(
                    to_annotation(
                        result,
                        points=points,
                        boxes=boxes or not points,
                        masks=mask_options,
                        box_threshold=box_threshold,
                    )
                )
        writer.finish(predictor.skipped)
    photos = photo_folder(named)
    for name in formats:
        write_annotations(name, folder, annotations, predictor.classes, photos=photos)
    if "labelstudio" in formats and photos is not None:
        say(f"Label Studio shows the pictures when LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={photos.parent}")
        say(f"and {photos} is a Local files storage of the project (docs/formats.md)")
    for skipped in predictor.skipped:
        say(f"skipped {skipped.file_name}: {skipped.reason}")
    done = len(named) - len(predictor.skipped)
    say(f"{done} images, {len(predictor.skipped)} skipped, in {folder}")
    if json:
        names = [skipped.file_name for skipped in predictor.skipped]
        print_json({"out": str(folder), "images": done, "skipped": names, "formats": formats})


def _formats(to: str | None) -> list[str]:
    from weldon.data import FORMATS

    names = [name.strip() for name in to.split(",")] if to is not None else []
    unknown = [name for name in names if name not in FORMATS]
    if unknown:
        raise UsageError(f"to must be among {', '.join(FORMATS)}, got {', '.join(unknown)}")
    return names
