"""Labels that a run contradicts, the most doubtful first, each with the regions for and against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from weldon.data import Record
from weldon.errors import UsageError
from weldon.evaluation.selection import pixels_as_trained
from weldon.inference.decision import DEFAULT_MAP_SCALE, Decision
from weldon.inference.evidence import Evidence, Region
from weldon.inference.forward import ForwardOutput, head_with_weights
from weldon.inference.result import Result
from weldon.inference.wording import describe_sides
from weldon.review.cross_fit import FOLDS, CrossFit, cross_fit
from weldon.review.noise_rates import NoiseRates, noise_rates
from weldon.review.run_maps import RunMaps, people_said, read_run_maps
from weldon.runs.calibration_file import unchanged
from weldon.runs.run_directory import RunDirectory, open_run
from weldon.training.inputs.picture_layout import record_geometry

MOST = 200  # suspects that are listed
EPOCHS = 10  # of the heads
# From 900 images on (steel, VOC 2007), half to one and a half times as many labels were wrong as expected; of
# 120 photographs two to six times too many were expected, so nothing is said.
ENOUGH, SPREAD = 900, (0.5, 1.5)
LOOKED_AT, MOST_VALUES = 64, 1_000_000  # images and values that the scale of colours is made from

Cell = tuple[int, int]  # position of the image, column of the class


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that the run contradicts.

    Args:
        rank: 1 is the most doubtful of all.
        file_name: the name the image goes by in the label file.
        path: the file.
        class_name: the class.
        given: what the table says: ``present`` or ``absent``.
        probability: that the class is present, in (0, 1), by a head that did not learn from this image.
        doubt: how probable it is that the label is wrong, in (0, 1): suspects are ranked by it.
        evidence: the regions for and against the class, by the same head.
        sentence: the same in words.
    """

    rank: int
    file_name: str
    path: Path
    class_name: str
    given: str
    probability: float
    doubt: float
    evidence: Evidence
    sentence: str

    @property
    def regions_for(self) -> tuple[Region, ...]:
        """The regions that count as evidence for the class, highest first."""
        return self.evidence.top

    @property
    def regions_against(self) -> tuple[Region, ...]:
        """The regions that count as evidence against the class, lowest first."""
        return self.evidence.low

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "rank": self.rank,
            "file_name": self.file_name,
            "class": self.class_name,
            "given": self.given,
            "probability": self.probability,
            "doubt": self.doubt,
            "sentence": self.sentence,
            "for": [region.to_dict() for region in self.evidence.top],
            "against": [region.to_dict() for region in self.evidence.low],
        }


@dataclass(frozen=True, eq=False)
class Search:
    """The labels of a run beside what heads say that did not learn from them.

    Args:
        maps: the images of the run, their labels and maps.
        fit: the cross-fitted heads and scores.
    """

    maps: RunMaps
    fit: CrossFit

    def cells(self) -> list[Cell]:
        """Return every label that a head contradicts, the most doubtful first.

        What is unknown is no suspect, nor what a person has reviewed.
        """
        contradicted = (self.log_odds < 0) == (self.maps.dataset.target > 0)
        found = [(place, column) for place, column in (self.asked() & contradicted).nonzero().tolist()]
        return sorted(found, key=lambda cell: -float(self.against[cell]))

    @cached_property
    def log_odds(self) -> Tensor:
        """``(N, C)`` float64: of each class, by a head that had not seen the image; never tied at 0 or 1."""
        scores = self.fit.scores.double()
        if self.maps.decision.task == "multilabel":
            return scores
        return torch.stack([scores[:, c] - _others(scores, c) for c in range(scores.shape[1])], dim=1)

    @cached_property
    def rates(self) -> NoiseRates:
        """How often labels are wrong, as the heads see it."""
        dataset = self.maps.dataset
        return noise_rates(self.log_odds, dataset.target > 0, dataset.known)

    @cached_property
    def against(self) -> Tensor:
        """``(N, C)`` float64: the log odds that a label is wrong; of unknown ones they mean nothing."""
        return self.rates.against(self.log_odds, self.maps.dataset.target > 0)

    @cached_property
    def decision(self) -> Decision:
        """Probabilities of these heads: the run's calibration was fitted to its own scores, not to theirs.

        Heads that learnt from few images are far too sure of themselves: they get the scale that the labels
        bear out.
        """
        plain = unchanged(len(self.maps.decision.classes))
        return replace(self.maps.decision, calibration=replace(plain, slope=plain.slope * self.rates.scale))

    @property
    def expected(self) -> float | None:
        """How many of the labels that were asked about are wrong, by the sum of their probabilities.

        Of fewer than ``ENOUGH`` images it cannot be told, and this is None.
        """
        enough = len(self.maps.records) >= ENOUGH
        return float(self.against.sigmoid()[self.asked()].sum()) if enough else None

    def asked(self) -> Tensor:
        """Return ``(N, C)`` bool: the labels that are known and that no person has reviewed."""
        columns = {name: column for column, name in enumerate(self.maps.decision.classes)}
        rows = {record.file_name: place for place, record in enumerate(self.maps.records)}
        asked = self.maps.dataset.known.clone()
        for file_name, class_name in self.maps.reviewed:
            if file_name in rows and class_name in columns:
                asked[rows[file_name], columns[class_name]] = False
        return asked

    def record_of(self, suspect: Suspect) -> Record:
        """Return the image of a suspect, with all its labels."""
        return next(record for record in self.maps.records if record.path == suspect.path)

    @cached_property
    def map_scale(self) -> float:
        """The map value of full colour: heads fitted anew need not have the scale of the run's own maps."""
        step = -(-len(self.maps.records) // LOOKED_AT)
        places = range(0, len(self.maps.records), step)
        values = torch.cat([self._answers(place).class_maps.abs().flatten() for place in places])
        return float(values[:: max(1, len(values) // MOST_VALUES)].quantile(0.995)) or DEFAULT_MAP_SCALE

    def _answers(self, place: int) -> ForwardOutput:
        """Return scores, maps and weights of one image, by the head that had not seen it."""
        batch = self.maps.dataset.__getitems__([place])
        head, device = self.fit.heads[int(self.fit.fold[place])], self.maps.device
        return head_with_weights(head, batch["features"].to(device), batch["mask"].to(device))

    def result(self, place: int) -> Result:
        """Return what the head that had not seen an image says about it, regions included."""
        record, recipe = self.maps.records[place], self.maps.recipe
        geometry = record_geometry(recipe, self.maps.net, record)
        decision = replace(self.decision, map_scale=self.map_scale)
        parts = (part[0] for part in self._answers(place))
        return Result(record.file_name, record.path, geometry, decision, *parts, window=recipe.window)

    def suspects(self, most: int | None = MOST) -> Iterator[tuple[Suspect, Result]]:
        """Yield the first ``most`` suspects in their order, each with what the head says about the image."""
        for rank, cell in enumerate(self.cells()[:most], start=1):
            result = self.result(cell[0])
            yield self._suspect(rank, cell, result), result

    def _suspect(self, rank: int, cell: Cell, result: Result) -> Suspect:
        place, column = cell
        record, name = self.maps.records[place], self.maps.decision.classes[column]
        given = "present" if name in record.labels else "absent"
        evidence, chance = result.evidence(name), result.probabilities[name]
        sentence = (
            f"{name} is labelled {given}, and a head that had not seen the image gives it a probability of "
            f"{chance:.2f}: {describe_sides(result, evidence)}."
        )
        doubt = float(self.against[cell].sigmoid())
        return Suspect(rank, record.file_name, record.path, name, given, chance, doubt, evidence, sentence)


def _others(scores: Tensor, column: int) -> Tensor:
    """Return ``(N,)``: the log of the sum of the exponentials of all other classes."""
    return scores[:, [c for c in range(scores.shape[1]) if c != column]].logsumexp(1)


def wrong_range(expected: float | None) -> tuple[int, int] | None:
    """Return between which numbers the wrong labels may lie, None where nothing is expected.

    Example:
        >>> wrong_range(40.2), wrong_range(None)
        ((20, 60), None)
    """
    return None if expected is None else (round(expected * SPREAD[0]), round(expected * SPREAD[1]))


def search_suspects(
    run: str | Path | RunDirectory,
    *,
    folds: int = FOLDS,
    corrections: str | Path | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Search:
    """Fit the heads of :func:`suspects` and return them with their scores.

    Arguments and errors as there.
    """
    directory = run if isinstance(run, RunDirectory) else open_run(run)
    with pixels_as_trained(directory):
        table = people_said(directory) if corrections is None else Path(corrections)
        return search_maps(read_run_maps(directory, corrections=table, device=device), folds=folds, seed=seed)


def search_maps(maps: RunMaps, *, folds: int = FOLDS, seed: int = 0) -> Search:
    """Fit the heads of :func:`suspects` to these images and labels."""
    fit = cross_fit(
        maps.net,
        maps.dataset,
        maps.objective(),
        maps.setting(),
        epochs=EPOCHS,
        batch_size=maps.batch_size,
        folds=folds,
        seed=seed,
        device=maps.device,
    )
    return Search(maps, fit)


def suspects(
    run: str | Path | RunDirectory,
    *,
    folds: int = FOLDS,
    most: int | None = MOST,
    corrections: str | Path | None = None,
    seed: int = 0,
    device: str = "auto",
) -> list[Suspect]:
    """Return the labels that a run contradicts, the most doubtful first.

    The head of the run is fitted anew on all folds of its training and validation images but one, and asked
    about that one: no image judges its own label. Images of one group, and copies of one file, are in one
    fold. Listed are present labels with a low probability and absent ones with a high one; unknown labels
    are not. How often either kind of label is wrong is counted first, so that both stand on one scale.

    Args:
        run: a finished run on images.
        folds: how many.
        most: labels to return; None returns every one that a head contradicts.
        corrections: a table of corrections: labels in it are as corrected, and no suspects. None takes the
            one that people made for this run on the page (``RUN.corrections.csv``), where it is there.
        seed: of the folds and the heads.
        device: where to compute, as in :func:`weldon.device.choose_device`.

    Raises:
        UsageError: no finished run on images, or an option that cannot be used.
        DataError: labels, corrections or images that cannot be used, or fewer groups of images than folds.
    """
    if most is not None and most < 1:
        raise UsageError(f"`most` must be at least 1, got {most!r}")
    search = search_suspects(run, folds=folds, corrections=corrections, seed=seed, device=device)
    return [suspect for suspect, _ in search.suspects(most)]
