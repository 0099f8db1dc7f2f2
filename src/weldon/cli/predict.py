"""``weldon predict``: what is in each picture, or each bag, where, and files for the annotation tool."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from weldon.cli.console import print_json, say
from weldon.cli.max_pixels import MaxPixels
from weldon.cli.option_flags import argument_parameter, field_parameters, flag_parameter, with_parameters
from weldon.counted import counted
from weldon.device import HELP
from weldon.errors import UsageError
from weldon.progress import progress_bar
from weldon.runs.option_kinds import ImagesAPass, checked

if TYPE_CHECKING:
    from weldon.data import ImageAnnotation
    from weldon.inference import NamedImage, PredictionWriter, Predictor


PARQUET = "parquet"  # beside the annotation formats: --to parquet alone
# Bags have none of these options.
OF_IMAGES = (
    "to",
    "points",
    "boxes",
    "masks",
    "crf",
    "heatmaps",
    "box_threshold",
    "shard",
    "merge",
    "part_images",
    "precision",
    "compile",
)
OF_PARTS = ("shard", "merge", "part_images")  # only --to parquet has them


def _names(value: Any) -> Any:
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    from weldon.data import FORMATS

    if unknown := [name for name in names if name not in (*FORMATS, PARQUET)]:
        raise ValueError(f"must be among {', '.join((*FORMATS, PARQUET))}; there is no {', '.join(unknown)}")
    if PARQUET in names and len(names) > 1:
        raise ValueError(f"must be {PARQUET} alone, or without it")
    return names


def _shard(value: str | None) -> str | None:
    from weldon.inference.part_plan import read_shard

    if value is not None:
        read_shard(value)
    return value


class PredictOptions(BaseModel):
    """What ``weldon predict`` computes, and what it writes beside tables and records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    out: Path | None = Field(default=None, description="folder to write [first free of runs/predict, …]")
    to: Annotated[tuple[str, ...], AfterValidator(_known), BeforeValidator(_names)] = Field(
        default=(), description="annotation formats, as coco,cvat, or parquet; an unknown name lists them"
    )
    shard: Annotated[str | None, AfterValidator(_shard)] = Field(
        default=None, description="with --to parquet: the share of this process, as 1/8 to 8/8"
    )
    merge: bool = Field(default=False, description="with --to parquet: only put the parts into one file")
    part_images: int | None = Field(
        default=None, ge=1, description="with --to parquet: images a part, which a kill may lose [1000]"
    )
    points: bool = Field(default=False, description="a point for each predicted class")
    boxes: bool = Field(default=False, description="boxes for each predicted class")
    masks: bool = Field(default=False, description="an indexed mask an image")
    heatmaps: bool = Field(default=False, description="signed maps and overlays")
    box_threshold: float | None = Field(
        default=None, gt=0, lt=1, description="share of a map's range [the run's, else 0.5]"
    )
    crf: bool = Field(default=False, description="sharpen masks with a dense CRF")
    wide: bool = Field(default=False, description="a row an image in predictions.csv")
    device: str = Field(default="auto", description=HELP)
    batch_size: ImagesAPass = Field(
        default="auto", description="images a pass; auto: 8 on a processor, 64 on an accelerator"
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] | None = Field(
        default=None, description="numbers of the backbone's pass [32-true]"
    )
    compile: bool = Field(default=False, description="compile the backbone: for thousands of images")
    overwrite: bool = Field(default=False, description="write into a folder with files")

    @property
    def mask_options(self) -> dict[str, Any] | None:
        """Options of :meth:`weldon.inference.Result.mask`; None: no masks."""
        return {"crf": self.crf} if self.masks else None

    @property
    def how(self) -> dict[str, Any]:
        """Options of :func:`weldon.inference.loading.load_images`."""
        precision = self.precision or "32-true"
        return {
            "device": self.device,
            "batch_size": self.batch_size,
            "precision": precision,
            "compiled": self.compile,
        }

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Yield the folder to write; where none is named, make the first free of ``runs/predict``, ….

        One that was made here and is still empty when the block fails is taken away.
        """
        from weldon.inference.write import remove_bare
        from weldon.runs.claim import make_free

        if self.out is not None:
            yield self.out
            return
        runs = Path("runs")
        new = [] if runs.exists() else [runs]
        made = make_free(runs, "predict")
        try:
            yield made
        except BaseException:
            remove_bare([made, *new])
            raise


def predict(**given: Any) -> None:
    """Predict: labels, points, boxes, masks and maps from one forward pass."""
    from weldon.cli.predict_parts import predict_to_parts
    from weldon.inference import open_run
    from weldon.inference.loading import is_bag_run

    run, sources, as_json = given.pop("run"), given.pop("images"), given.pop("json")
    given.pop("max_pixels")  # its flag has done it
    options = checked(PredictOptions, given)
    do = (
        _predict_bags
        if is_bag_run(open_run(run))
        else predict_to_parts
        if options.to == (PARQUET,)
        else _predict_images
    )
    told = do(run, sources, options, progress=not as_json)
    if as_json:
        print_json(told)


def _predict_images(
    run: Path, sources: list[str], options: PredictOptions, *, progress: bool
) -> dict[str, Any]:
    """Predict images, write the folder, and return what was done."""
    from weldon.data.formats.registry import check_file_names
    from weldon.inference import PredictionWriter, expand_images
    from weldon.inference.loading import load_images

    if of_parts := given_flags(OF_PARTS, options):
        raise UsageError(f"{', '.join(of_parts)} belongs to --to {PARQUET}: add it, or leave that out")
    predictor = load_images(run, **options.how)
    named = expand_images(sources)
    check_file_names(options.to, [image.file_name for image in named])
    with options.folder() as folder:
        writer = PredictionWriter(
            folder,
            predictor.classes,
            wide=options.wide,
            heatmaps=options.heatmaps,
            masks=options.mask_options,
            box_threshold=options.box_threshold,
            overwrite=options.overwrite,
        )
        annotations = _written(writer, predictor, named, options, progress=progress)
    _write_annotations(folder, annotations, predictor, named, options)
    for skipped in predictor.skipped:
        say(f"skipped {skipped.file_name}: {skipped.reason}")
    done = len(named) - len(predictor.skipped)
    say(f"{done:,} of {counted(len(named), 'image')}, {len(predictor.skipped)} skipped, in {folder}")
    names = [skipped.file_name for skipped in predictor.skipped]
    return {"out": str(folder), "images": done, "skipped": names, "formats": list(options.to)}


def _written(
    writer: PredictionWriter,
    predictor: Predictor,
    named: Sequence[NamedImage],
    options: PredictOptions,
    *,
    progress: bool,
) -> list[ImageAnnotation]:
    """Write every result as it comes, and return what annotation formats are to hold."""
    from weldon.inference import to_annotation

    annotations = []
    with writer:
        for result in _shown(predictor.predict_many(named), len(named), "images", progress=progress):
            writer.add(result)
            if options.to:
                annotations.append(
                    to_annotation(
                        result,
                        points=options.points,
                        boxes=options.boxes or not options.points,
                        masks=options.mask_options,
                        box_threshold=options.box_threshold,
                    )
                )
        writer.finish(predictor.skipped)
    return annotations


def _write_annotations(
    folder: Path,
    annotations: Sequence[ImageAnnotation],
    predictor: Predictor,
    named: Sequence[NamedImage],
    options: PredictOptions,
) -> None:
    from weldon.inference.annotation_files import write_for_tools

    served = write_for_tools(folder, options.to, annotations, predictor.classes, named)
    if served is not None:
        are = "is a Local files storage" if len(served.folders) == 1 else "are Local files storages"
        say(f"Label Studio shows the pictures when LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={served.root}")
        say(f"and {', '.join(map(str, served.folders))} {are} of the project (docs/formats.md)")


def given_flags(names: Sequence[str], options: PredictOptions) -> list[str]:
    """Return which of these options were given, as flags."""
    return [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]


def _predict_bags(
    run: Path, sources: list[str], options: PredictOptions, *, progress: bool
) -> dict[str, Any]:
    """Predict one table or folder of bags, write the folder, and return what was done.

    Raises:
        UsageError: options that only images have, or several tables.
    """
    from weldon.inference import PredictionWriter
    from weldon.inference.bag_predictor import load_bags
    from weldon.inference.output import BAG_TABLES
    from weldon.structured import open_bags

    if of_images := given_flags(OF_IMAGES, options):
        raise UsageError(f"run {str(run)!r} was trained on bags: leave out {', '.join(of_images)}")
    if len(sources) != 1:
        raise UsageError(f"a run on bags predicts one table or folder at a time, got {len(sources)}")
    predictor, opened = load_bags(run, device=options.device), open_bags(sources[0])
    bags, matching = predictor.match(opened)
    notes = (*opened.notes, *matching)
    for note in notes:
        say(note)
    total = len(bags.paths)
    with (
        options.folder() as folder,
        PredictionWriter(
            folder, predictor.classes, wide=options.wide, overwrite=options.overwrite, tables=BAG_TABLES
        ) as writer,
    ):
        for result in _shown(predictor.predict(bags), total, "bags", progress=progress):
            writer.add(result)
    say(f"{counted(total, 'bag')} in {folder}")
    return {"out": str(folder), "bags": total, "notes": list(notes)}


def _shown(results: Iterable[Any], total: int, what: str, *, progress: bool) -> Iterable[Any]:
    """Yield results, with a progress bar on standard error if asked."""
    with progress_bar(shown=progress) as bar:
        yield from bar.track(results, total=total, description=what)


def _parameters() -> list[inspect.Parameter]:
    return [
        argument_parameter("run", Path, ..., "run directory"),
        argument_parameter("images", list[str], ..., "files, folders, patterns or text lists; or bags"),
        *field_parameters(PredictOptions),
        inspect.Parameter("max_pixels", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=MaxPixels),
        flag_parameter("json", bool, False, "print one JSON object"),
    ]


with_parameters(predict, _parameters())
