"""Bags in place of images: when DATA holds them, their labels, and the options that mean nothing then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from weldon.data import LabelSet
from weldon.data.bags.bag_features import as_trained
from weldon.data.bags.bag_files import open_bags
from weldon.data.bags.bag_folder import SUFFIXES as FILES
from weldon.data.bags.bag_names import AskedBags
from weldon.data.bags.bag_source import BagSource
from weldon.data.bags.instance_csv import open_text_table
from weldon.data.bags.instance_table import SUFFIXES as TABLES
from weldon.data.image import SUFFIXES as IMAGES
from weldon.data.labels.columns import FILE_COLUMNS, NAMES_OF_BAGS
from weldon.data.labels.table import read_table
from weldon.errors import UsageError
from weldon.models import load_bag_model
from weldon.runs.recipe import Recipe
from weldon.text import BAG_COLUMNS, plain_name

# Options of the recipe that say something about images or about a network that reads them.
IMAGE_OPTIONS = (
    *("dataset", "image_set", "model", "model_kwargs", "weights", "mean", "std", "freeze"),
    *("image_size", "resize", "augment", "lrp", "max_pixels"),
)


BAG_RATE = 1e-2


def holds_bags(data: Path, labels: Path | None = None) -> bool:
    """Return whether DATA is bags: a table with a column ``bag``, or a folder of arrays without a picture.

    A table beside a table of labels is one of bags too, unless it names images.

    Args:
        data: what is to be read.
        labels: the table of labels, where there is one.

    Raises:
        DataError: a table that cannot be read as text.
    """
    if data.is_dir():
        endings = {path.suffix.lower() for path in data.iterdir() if not path.name.startswith(".")}
        return bool(endings & set(FILES)) and not endings & set(IMAGES)
    if data.suffix.lower() not in TABLES or not data.is_file():
        return False
    if data.suffix.lower() == ".parquet":
        return True
    names = {plain_name(name) for name in open_text_table(data).header}
    if names & set(BAG_COLUMNS):
        return labels is not None or BAG_COLUMNS[0] in names or not names & set(FILE_COLUMNS)
    return labels is not None and not names & set(FILE_COLUMNS)


def bags_at(data: Path, labels: Path | None) -> BagSource | None:
    """Return the bags in DATA, None where it holds images.

    Raises:
        UsageError: bags without a table of labels.
        DataError: files that cannot be used as bags.
    """
    if not holds_bags(data, labels):
        return None
    if labels is None:
        raise UsageError(f"{data} holds bags: give --labels, a table with the columns bag and labels")
    return open_bags(data)


def read_bag_labels(
    recipe: Recipe, bags: BagSource, labels: Path, classes: Sequence[str] | None = None
) -> LabelSet:
    """Return the labels of bags, from a table as images have it; the bags are in a column ``bag``.

    Raises:
        DataError: with every problem of the table, each with its row.
    """
    asked = AskedBags(bags)
    found = read_table(
        labels,
        asked,
        label_sep=recipe.label_sep,
        minus_one=recipe.minus_one,
        group_col=recipe.group_col,
        classes=classes,
        name_columns=NAMES_OF_BAGS,
    )
    return replace(found, notes=(*bags.notes, *found.notes, *asked.notes(labels)))


def features_of_run(model: Path, bags: BagSource) -> tuple[BagSource, tuple[str, ...]]:
    """Return bags with their features in the order that a run began with, and what has to be said.

    Args:
        model: file of its network.
        bags: as they are today.

    Raises:
        DataError: features that are missing or new.
    """
    net = load_bag_model(model)
    return as_trained(bags, net.feature_names, net.num_features)


def unlabelled_note(bags: BagSource, named: Sequence[Path]) -> tuple[str, ...]:
    """Return a sentence that counts the bags which no row of labels names, none where there are none.

    Args:
        bags: all bags.
        named: paths of those with labels.
    """
    known = set(named)
    unused = [path for path in bags.paths if path not in known]
    if not unused:
        return ()
    return (f"{len(unused)} bags of {bags.path.name} have no row, {bags.name(unused[0])!r} for one",)


def with_bag_defaults(recipe: Recipe) -> Recipe:
    """Return the recipe with the learning rate of bags where none was given.

    A linear layer on standardised features learns too slowly at the rate of new layers on a network: digits
    in bags reached 88 % mAP in 20 epochs at 1e-3, 90 % at 1e-2, 88 % at 3e-2.
    """
    return recipe if recipe.lr is not None else recipe.model_copy(update={"lr": BAG_RATE})


def refuse_image_options(recipe: Recipe) -> None:
    """Refuse options that bags cannot follow, rather than pass over them.

    Raises:
        UsageError: names them.
    """
    given = [
        name for name in IMAGE_OPTIONS if getattr(recipe, name) != Recipe.model_fields[name].get_default()
    ]
    if given:
        flags = ", ".join("--" + name.replace("_", "-") for name in given)
        raise UsageError(f"bags hold no images: leave out {flags}")
