"""How a run learns from bags: labels, network, batches, and the options that only images have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from torch.utils.data import DataLoader

from weldon.counted import counted
from weldon.data import LabelSet, Record
from weldon.data.bags.bag_files import holds_bags, open_bags
from weldon.data.bags.bag_names import AskedBags
from weldon.data.bags.bag_source import BagSource, as_trained
from weldon.data.bags.instance_columns import listed
from weldon.data.labels.columns import NAMES_OF_BAGS
from weldon.data.labels.table import read_table
from weldon.errors import UsageError
from weldon.models import BagNet, RegionNet, create_bag_model
from weldon.runs.recipe import Recipe
from weldon.training.features.feature_dataset import keep_batch
from weldon.training.inputs.bag_dataset import LabelledBags, instance_moments
from weldon.training.inputs.inputs import Inputs, Prepared, Sets
from weldon.training.plan import spell_pooling

# Options of the recipe that say something about images or about a network that reads them.
IMAGE_OPTIONS = (
    *("dataset", "image_set", "model", "model_kwargs", "weights", "mean", "std", "freeze"),
    *("image_size", "resize", "tile", "overlap", "window", "augment", "lrp", "max_pixels", "by_shard"),
    *("compile", "head_first", "batch_norm"),
)

BAG_RATE = 1e-2


@dataclass(frozen=True)
class BagInputs:
    """Bags of instances; :class:`weldon.training.inputs.inputs.Inputs` says what each method does.

    Args:
        bags: where the instances are.
    """

    noun: ClassVar[str] = "bags"
    bags: BagSource

    def refuse_options(self, recipe: Recipe) -> None:
        """Refuse options of images, rather than pass over them."""
        refuse_image_options(recipe)

    def with_defaults(self, recipe: Recipe) -> Recipe:
        """Return the recipe with the learning rate of bags where none was given.

        A linear layer on standardised features learns too slowly at the rate of new layers on a network:
        digits in bags reached 88 % mAP in 20 epochs at 1e-3, 90 % at 1e-2, 88 % at 3e-2.
        """
        return recipe if recipe.lr is not None else recipe.model_copy(update={"lr": BAG_RATE})

    def read(
        self, recipe: Recipe, data: Path, labels: Path | None, classes: Sequence[str] | None = None
    ) -> LabelSet:
        """Return the labels of the bags; only a folder given for validation comes without a table."""
        if labels is None:
            raise UsageError(
                f"val must be a share or a table of labels for bags, got the folder {str(data)!r}"
            )
        return read_bag_labels(recipe, self.bags, labels, classes)

    def notes(self, records: Sequence[Record]) -> tuple[str, ...]:
        """Return how many bags no row of labels names."""
        return unlabelled_note(self.bags, [record.path for record in records])

    def as_trained(self, net: RegionNet) -> tuple[Inputs, tuple[str, ...]]:
        """Return the bags with their features in the order of training."""
        if not isinstance(net, BagNet):
            raise UsageError("the run was trained on images and cannot score bags")
        bags, notes = as_trained(self.bags, net.feature_names, net.num_features)
        return BagInputs(bags), (*self.bags.notes, *notes)

    def refuse_places(self) -> None:
        """Refuse to look for places: there is no picture."""
        raise UsageError("the run was trained on bags, which have no boxes or masks")

    def build_net(self, recipe: Recipe, prepared: Prepared) -> BagNet:
        """Return the untrained network, which standardises instances as the training bags have them."""
        net = create_bag_model(
            self.bags.num_features,
            len(prepared.classes),
            pool=recipe.pool,
            feature_names=self.bags.features,
            **recipe.pool_options,
        )
        net.standardise(*instance_moments(prepared.train, self.bags))
        return net

    def describe(self, recipe: Recipe, prepared: Prepared, net: RegionNet) -> list[str]:
        """Return what the bags hold, and the pooling at their median size."""
        fewest, middle, most = self.sizes(prepared.train)
        return [
            f"instances of {self.bags.num_features} features; {fewest} to {most} a bag, median {middle}",
            *constant_lines(net, self.bags.features),
            f"pooling {spell_pooling(recipe, net, middle, region='instances')}",
        ]

    def facts(self, recipe: Recipe, net: RegionNet, records: Sequence[Record]) -> list[tuple[str, str]]:
        """Return the features, the pooling and the sizes of bags."""
        fewest, middle, most = self.sizes(records)
        return [
            ("Model", f"linear in {self.bags.num_features} features of an instance"),
            ("Pooling", spell_pooling(recipe, net, middle, region="instances")),
            ("Bags", f"{fewest:,} to {most:,} instances, median {middle:,}"),
        ]

    def sizes(self, records: Sequence[Record]) -> tuple[int, int, int]:
        """Return the fewest, median and most instances of a bag."""
        sizes = sorted(self.bags.size(record.path) for record in records)
        return sizes[0], sizes[len(sizes) // 2], sizes[-1]

    def datasets(self, recipe: Recipe, net: RegionNet, prepared: Prepared) -> Sets:
        """Return sets of padded batches; instances are in memory or read fast, by one process."""
        train, val = (
            LabelledBags(part, prepared.classes, self.bags) for part in (prepared.train, prepared.val)
        )
        return Sets(train, val, keep_batch, 0, prepared)

    def loader(
        self, recipe: Recipe, net: RegionNet, records: Sequence[Record], classes: Sequence[str]
    ) -> Any:
        """Return padded batches."""
        labelled = LabelledBags(records, classes, self.bags)
        return DataLoader(labelled, recipe.batch_size, collate_fn=keep_batch)  # type: ignore[arg-type]


def constant_lines(net: RegionNet, names: Sequence[str] | None) -> list[str]:
    """Return a line about features that no training bag tells anything of, none where there are none."""
    constant = net.constant if isinstance(net, BagNet) else ()
    if not constant:
        return []
    called = listed([names[number] if names else str(number) for number in constant])
    return [f"{len(constant)} features are constant in training and are passed over: {called}"]


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
        sheet=recipe.sheet,
        classes=classes,
        name_columns=NAMES_OF_BAGS,
    )
    return replace(found, notes=(*bags.notes, *found.notes, *asked.notes(labels)))


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
    many = counted(len(unused), f"bag of {bags.path.name} has", f"bags of {bags.path.name} have")
    return (f"{many} no row, {bags.name(unused[0])!r} for one",)


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
