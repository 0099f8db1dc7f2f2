"""The labelled images of a run as cached maps, with corrections: what every review starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.counted import counted
from weldon.data import Record
from weldon.errors import DataError
from weldon.evaluation.selection import as_split
from weldon.inference.decision import Decision
from weldon.inference.loading import load_image_network
from weldon.inference.settings import read_decision
from weldon.losses import Objective
from weldon.models import WeldonNet
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.head_search import HeadSearch, usual_batch_size
from weldon.training.heads import Setting
from weldon.training.inputs.images import cached_maps
from weldon.training.inputs.inputs import Prepared
from weldon.training.inputs.prepare import prepare, prepare_again
from weldon.training.run_loss import build_objective

PLAIN = {"loss": "auto", "pos_weight": "none"}  # a loss whose scores are log odds: probabilities that compare


@dataclass(frozen=True, eq=False)
class RunMaps:
    """A run, its training and validation images, and their maps.

    Args:
        run: where everything lies.
        recipe: what the run was trained with.
        net: its best weights.
        decision: classes, thresholds and task.
        dataset: N images with their labels, corrected.
        reviewed: cells that a person has spoken of, as ``(file name, class)``.
        notes: what a person should know.
    """

    run: RunDirectory
    recipe: Recipe
    net: WeldonNet
    decision: Decision
    dataset: FeatureDataset
    reviewed: frozenset[tuple[str, str]]
    notes: tuple[str, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        """The N images."""
        return self.dataset.records

    @property
    def device(self) -> str:
        """Where the network is."""
        return str(next(self.net.parameters()).device)

    def objective(self) -> Objective:
        """Return the loss of a head whose scores are log odds, whatever loss the run had."""
        plain = self.recipe.model_copy(update=PLAIN)
        return build_objective(plain, self.decision.task, self.dataset.target, self.dataset.known)

    def setting(self) -> Setting:
        """Return how a head learns on these maps: as the run's own did, else what a search finds."""
        recipe = self.recipe
        own = recipe.freeze and recipe.optimizer == "sgd" and recipe.loss in ("auto", "logistic", "softmax")
        if own and recipe.loss_options["pos_weight"] == "none":
            return Setting(recipe.learning_rate, recipe.decay_rate)
        search = HeadSearch(
            self.net,
            self.dataset,
            self.objective,
            one_label=self.decision.task == "multiclass",
            seed=recipe.seed,
            device=self.device,
        )
        return search.run().chosen

    @property
    def batch_size(self) -> int:
        """Images a step of a head."""
        return usual_batch_size(len(self.dataset))


def people_said(run: RunDirectory) -> Path | None:
    """Return the table of corrections that people made for a run, None where there is none."""
    table = run.corrections_table()
    return table if table.is_file() else None


def read_run_maps(run: RunDirectory, *, corrections: Path | None = None, device: str = "auto") -> RunMaps:
    """Return the images that the run trained and validated on; those of a test split are left alone.

    Args:
        run: a finished run on images.
        corrections: a table of corrections; None takes those that the run learnt from.
        device: where the network computes.

    Raises:
        UsageError: no finished run on images.
        DataError: labels, corrections or images that cannot be used.
    """
    decision = read_decision(run)
    net = load_image_network(run, device=device)
    recipe = run.recipe
    prepared = prepare_again(run, recipe) if corrections is None else prepare(recipe, corrections=corrections)
    _refuse_other_classes(run, prepared)
    records = as_split(run, prepared)
    cached = cached_maps(recipe, net, records, decision.classes)
    kept = [r for r in records if r.split in ("train", "val") and r.path in cached.rows]
    reviewed = frozenset((made.file_name, made.class_name) for made in prepared.corrections)
    notes = (*_spoken_of(corrections, len(reviewed)), *_notes(recipe, records, len(kept)))
    dataset = FeatureDataset(kept, decision.classes, cached)
    return RunMaps(run, recipe, net, decision, dataset, reviewed, notes)


def _refuse_other_classes(run: RunDirectory, prepared: Prepared) -> None:
    """Refuse labels of other classes than the run has: no head of it could speak of them.

    Raises:
        DataError: names the classes.
    """
    mine, theirs = set(run.class_names), set(prepared.classes)
    problems = [f"class {name!r} is new" for name in sorted(theirs - mine)]
    problems += [f"class {name!r} is gone" for name in sorted(mine - theirs)]
    if problems:
        raise DataError(f"the labels have other classes than the run in {run.path}: train again", problems)


def _spoken_of(table: Path | None, count: int) -> Iterator[str]:
    if table is not None and count:
        are = counted(count, "label is", "labels are")
        yield f"{table}: {are} as people said there, and no suspect{'s' * (count > 1)}"


def _notes(recipe: Recipe, records: Sequence[Record], kept: int) -> Iterator[str]:
    if not recipe.freeze:
        yield (
            "the body of this run was trained on these labels, and only the heads are fitted anew: of the "
            "training images fewer wrong labels are found than with --freeze"
        )
    if tests := sum(record.split == "test" for record in records):
        yield f"{counted(tests, 'image of the test split is', 'images of the test split are')} left alone"
    if new := sum(record.split is None for record in records):
        are = counted(new, "image is", "images are")
        yield f"{are} left out: not known to the run, or not readable then"
    yield f"{kept} training and validation images"
