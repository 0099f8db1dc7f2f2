"""The protocol that images and bags both follow, so that no other file tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from weldon.data import LabelSet, Record
from weldon.data.corrections import Correction
from weldon.models import RegionNet
from weldon.runs.recipe import Recipe


class Inputs(Protocol):
    """Images, or bags of instances: how they are read, learnt from and described.

    Attributes:
        noun: what the records are, for sentences: ``images`` or ``bags``.
    """

    noun: ClassVar[str]

    def refuse_options(self, recipe: Recipe) -> None:
        """Refuse options that mean nothing here.

        Raises:
            UsageError: names them.
        """

    def with_defaults(self, recipe: Recipe) -> Recipe:
        """Return the recipe with what was not given and depends on what comes in."""

    def read(
        self, recipe: Recipe, data: Path, labels: Path | None, classes: Sequence[str] | None = None
    ) -> LabelSet:
        """Return the records with their labels, read as ``recipe`` says.

        Args:
            recipe: how labels are to be read.
            data: where the images are; bags are open already.
            labels: the table of labels.
            classes: those of a trained model.

        Raises:
            DataError: with every problem of the labels, each with its row.
        """

    def notes(self, records: Sequence[Record]) -> tuple[str, ...]:
        """Return what is to be said once it is known which records have labels."""

    def as_trained(self, net: RegionNet) -> tuple[Inputs, tuple[str, ...]]:
        """Return the same as a trained network takes it, and what has to be said about that.

        Raises:
            UsageError: the network was trained on what is no such thing.
            DataError: it cannot be brought into that form.
        """

    def refuse_places(self) -> None:
        """Refuse to look for boxes or masks where there are no pictures.

        Raises:
            UsageError: these are bags.
        """

    def build_net(self, recipe: Recipe, prepared: Prepared) -> RegionNet:
        """Return the untrained network of ``recipe``.

        Raises:
            UsageError: an option that cannot be used.
        """

    def describe(self, recipe: Recipe, prepared: Prepared, net: RegionNet) -> list[str]:
        """Return lines about the network and what it sees, for a person to read before training."""

    def facts(self, recipe: Recipe, net: RegionNet, records: Sequence[Record]) -> list[tuple[str, str]]:
        """Return names and values of what a reader of the report wants to know about the network.

        Args:
            recipe: of the run.
            net: trained.
            records: that taught it.
        """

    def datasets(self, recipe: Recipe, net: RegionNet, prepared: Prepared) -> Sets:
        """Return the sets to train and validate on.

        Raises:
            DataError: more than 1 % of the files cannot be read.
        """

    def loader(
        self, recipe: Recipe, net: RegionNet, records: Sequence[Record], classes: Sequence[str]
    ) -> Any:
        """Return batches of labelled records in their order, with nothing left to chance."""


@dataclass(frozen=True)
class Prepared:
    """What a run trains and validates on.

    Args:
        train: the training records: images or bags.
        val: the validation records.
        test: records of a test split, which training never looks at.
        classes: C names, in the order of the scores.
        task: ``multilabel`` or ``multiclass``.
        inputs: what the records are.
        notes: what the reader of the labels had to say.
        corrections: those that are in the labels.
    """

    train: tuple[Record, ...]
    val: tuple[Record, ...]
    test: tuple[Record, ...]
    classes: tuple[str, ...]
    task: str
    inputs: Inputs
    notes: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()

    @property
    def records(self) -> tuple[Record, ...]:
        """Training, validation and test records."""
        return self.train + self.val + self.test

    @property
    def noun(self) -> str:
        """What the records are, for sentences: ``images`` or ``bags``."""
        return self.inputs.noun

    def without(self, lost: set[Path]) -> Prepared:
        """Return the same without the files in ``lost``."""
        train, val, test = (
            tuple(r for r in part if r.path not in lost) for part in (self.train, self.val, self.test)
        )
        return replace(self, train=train, val=val, test=test)


@dataclass(frozen=True)
class Sets:
    """What a run reads.

    Args:
        train: the training set.
        val: the validation set.
        collate_fn: makes a batch of items.
        workers: processes that read.
        prepared: the records, without the files that cannot be read.
    """

    train: Any
    val: Any
    collate_fn: Any
    workers: int
    prepared: Prepared
