"""One door for every form of labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weldon.data.labels.folder import with_folder_splits
from weldon.data.labels.forms import FOLDER_FORMS, form_of, other_names, usual_names
from weldon.data.labels.huggingface import METADATA, metadata_files, metadata_told
from weldon.data.labels.label_file import LabelOptions
from weldon.data.labels.locate import ImageFinder
from weldon.data.public.catalogue import read_dataset
from weldon.data.record import LabelSet
from weldon.data.shards.listing import read_shards
from weldon.data.stores import address_of
from weldon.data.workbook import refuse_sheet
from weldon.errors import DataError, UsageError
from weldon.files import near_name


def read_labels(
    data: str | Path,
    labels: str | Path | None = None,
    *,
    label_sep: str | None = None,
    minus_one: str | None = None,
    group_col: str | None = None,
    sheet: str | None = None,
    image_set: str = "main",
    dataset: str | None = None,
    classes: Sequence[str] | None = None,
) -> LabelSet:
    """Return the images and their image-level labels, whichever form they are kept in.

    With ``labels``, by its ending: ``.csv .tsv .txt .xlsx .ods`` a long or wide table, ``.jsonl`` the
    Hugging Face folder convention, ``.json`` COCO or a Label Studio export, ``.xml`` CVAT for images.
    Without: shards, a VOC devkit, a label file in ``data`` under a usual name, or a folder a class.

    Args:
        data: folder of the images; a label file alone is taken with the folder it lies in; or the ``s3://``
            address of shards.
        labels: the label file.
        label_sep: between the labels in one cell of a long table.
        minus_one: what -1 means in a wide table: ``absent``, ``unknown``, ``present``.
        group_col: the column of groups in a table; ``group`` by default.
        sheet: of a workbook; by default the only one that has a header of labels.
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
    if (address := address_of(data)) is not None:
        if labels is not None:
            raise UsageError(
                f"`labels` must be left out, got {str(labels)!r}: the shards in {address} hold them"
            )
        return read_shards(Path(address), classes)
    options = LabelOptions(label_sep, minus_one, group_col, image_set, classes, sheet)
    root, files = _places(Path(data), None if labels is None else Path(labels))
    refuse_sheet(files[0] if files else root, sheet)
    if not files:
        return _of_folder(root, options)
    if labels is None and any(file.parent != root for file in files):
        told = metadata_told(files, root, options)
    else:
        told = form_of(files[0]).read(files[0], root, options)
    finder = ImageFinder((files[0].parent, root) if len(files) == 1 else (root,), tails=told.foreign_names)
    return (told if told.foreign_names else with_folder_splits(told)).label_set(finder, classes)


def _of_folder(root: Path, options: LabelOptions) -> LabelSet:
    if options.group_col is not None:
        raise UsageError(f"`group_col` needs a label table, but {root} has none: give `labels`")
    places = ((form, form.find(root)) for form in FOLDER_FORMS)
    form, place = next((form, place) for form, place in places if place is not None)
    return form.read(place, options)


def _places(data: Path, labels: Path | None) -> tuple[Path, list[Path]]:
    """Return the folder of images and the label files, looking for one under a usual name.

    There may be none; metadata files of a Hugging Face folder may lie deeper, and then there may be several.
    """
    if not data.exists():
        raise DataError(f"no folder {data}: give the folder that holds the images")
    if data.is_file():
        return data.parent, [labels or data]
    if labels is not None:
        if not labels.is_file():
            raise DataError(f"no label file {labels}{near_name(labels)}")
        return data, [labels]
    usual, other = (
        [data / name for name in names if (data / name).is_file()]
        for names in ((*usual_names(), *METADATA), other_names())
    )
    found = usual or other  # a table that was saved as text from the workbook beside it goes before
    if len(found) > 1:
        raise UsageError(
            f"`labels` must say which file to use: {data} has {', '.join(f.name for f in found)}"
        )
    deeper = [] if found and found[0].name not in METADATA else metadata_files(data)
    return data, [*found, *deeper]
