"""One door for every form of labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weldon.data.labels.folder import read_folder, with_folder_splits
from weldon.data.labels.huggingface import METADATA, metadata_files, metadata_told
from weldon.data.labels.jsonl import jsonl_told
from weldon.data.labels.locate import LONGEST, ImageFinder
from weldon.data.labels.parquet import parquet_told
from weldon.data.labels.rows import Row, label_set_of
from weldon.data.labels.stored_names import stored_names
from weldon.data.labels.table import table_told
from weldon.data.public.catalogue import read_dataset
from weldon.data.public.voc import is_devkit, read_voc
from weldon.data.record import LabelSet
from weldon.data.truth import annotation_form, read_annotations
from weldon.errors import DataError, UsageError

TABLES = (".csv", ".tsv", ".txt")
LINES = (".jsonl", ".ndjson")
PARQUETS = (".parquet",)
ANNOTATIONS = (".json", ".xml")

# Looked for in DATA when --labels is not given.
LABEL_FILES = ("labels.csv", "labels.tsv", "labels.jsonl", *METADATA)


def read_labels(
    data: str | Path,
    labels: str | Path | None = None,
    *,
    label_sep: str | None = None,
    minus_one: str | None = None,
    group_col: str | None = None,
    image_set: str = "main",
    dataset: str | None = None,
    classes: Sequence[str] | None = None,
) -> LabelSet:
    """Return the images and their image-level labels, whichever form they are kept in.

    With ``labels``, by its ending: ``.csv .tsv .txt`` a long or wide table, ``.jsonl`` the Hugging Face
    folder convention, ``.json`` COCO or a Label Studio export, ``.xml`` CVAT for images. Without: a VOC
    devkit, a label file in ``data`` under a usual name, or a folder a class.

    Args:
        data: folder of the images; a label file alone is taken with the folder it lies in.
        labels: the label file.
        label_sep: between the labels in one cell of a long table.
        minus_one: what -1 means in a wide table: ``absent``, ``unknown``, ``present``.
        group_col: the column of groups in a table; ``group`` by default.
        image_set: of a VOC devkit: ``main`` or ``segmentation``.
        dataset: name of a public data set that lies in ``data``: its published protocol is followed.
        classes: of a trained model: kept in this order; any other label is an error.

    Raises:
        DataError: the files cannot be used; every problem is listed with its file and row.
        UsageError: an option that is none of its choices or has no meaning for this form.
    """
    if dataset is not None:
        if labels is not None:
            raise UsageError(f"`labels` must be left out with `dataset` {dataset!r}, got {str(labels)!r}")
        return read_dataset(dataset, data, classes=classes)
    root, file = _places(Path(data), None if labels is None else Path(labels))
    if file is None:
        if group_col is not None:
            raise UsageError(f"`group_col` needs a label table, but {root} has none: give `labels`")
        if (devkit := _devkit(root)) is not None:
            return read_voc(devkit, image_set=image_set, classes=classes)
        return read_folder(root, classes=classes)
    if isinstance(file, list):
        told = metadata_told(file, root, label_sep=label_sep, minus_one=minus_one, group_col=group_col)
        return with_folder_splits(told).label_set(ImageFinder((root,)), classes)
    suffix = file.suffix.lower()
    if suffix in ANNOTATIONS:
        return _annotated(file, root, classes)
    if suffix in TABLES:
        told = table_told(file, label_sep=label_sep, minus_one=minus_one, group_col=group_col)
    elif suffix in LINES:
        told = jsonl_told(file, group_col=group_col)
    elif suffix in PARQUETS:
        told = parquet_told(file, group_col=group_col)
    else:
        endings = ", ".join((*TABLES, *LINES, *PARQUETS, *ANNOTATIONS))
        raise UsageError(f"`labels` must end in {endings}, got {file}")
    return with_folder_splits(told).label_set(ImageFinder((file.parent, root)), classes)


def _places(data: Path, labels: Path | None) -> tuple[Path, Path | list[Path] | None]:
    """Return the folder of images and the label file, looking for one under a usual name.

    Metadata files of a Hugging Face folder may lie deeper, and then there may be several.
    """
    if not data.exists():
        raise DataError(f"no folder {data}: give the folder that holds the images")
    if data.is_file():
        return data.parent, labels or data
    if labels is not None:
        if not labels.is_file():
            raise DataError(f"no label file {labels}")
        return data, labels
    found = [data / name for name in LABEL_FILES if (data / name).is_file()]
    if len(found) > 1:
        raise UsageError(
            f"`labels` must say which file to use: {data} has {', '.join(f.name for f in found)}"
        )
    deeper = [] if found and found[0].name not in METADATA else metadata_files(data)
    if deeper:
        return data, [*found, *deeper]
    return data, found[0] if found else None


def _annotated(file: Path, root: Path, classes: Sequence[str] | None) -> LabelSet:
    """Return image-level labels derived from an annotation tool's file; boxes are kept for measuring only."""
    found = read_annotations(file)
    finder = ImageFinder((file.parent, root), tails=True)
    names, problems = stored_names([image.file_name for image in found.images], finder, file.name)
    every = (*found.classes, *(classes or ()))
    rows = [
        Row(
            f"{file.name}, {image.file_name[:LONGEST]}",
            name,
            image.named,
            image.unknown_of(every),
            boxes=image.truth(every) if image.boxes or image.polygons or not image.named else None,
        )
        for image, name in zip(found.images, names, strict=True)
    ]
    return label_set_of(
        rows,
        finder,
        form=annotation_form(file),
        declared=found.classes,
        given=classes,
        empty_classes="drop",
        notes=found.notes,
        problems=problems,
        source=file,
    )


def _devkit(root: Path) -> Path | None:
    """Return the devkit: the folder itself, or its only ``VOC...`` folder (also inside ``VOCdevkit``)."""
    for folder in (root, root / "VOCdevkit"):
        if is_devkit(folder):
            return folder
        years = [path for path in sorted(folder.glob("VOC*")) if is_devkit(path)]
        if len(years) > 1:
            raise UsageError(f"`data` must name one devkit, got {', '.join(str(year) for year in years)}")
        if years:
            return years[0]
    return None
