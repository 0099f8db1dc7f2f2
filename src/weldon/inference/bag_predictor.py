"""A run that was trained on bags, looking at new ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from weldon.data.bags.bag_features import as_trained
from weldon.errors import UsageError
from weldon.inference.decision import Decision
from weldon.inference.run_network import load_run_network
from weldon.inference.settings import read_decision
from weldon.models import BagNet
from weldon.runs.run_directory import open_run
from weldon.structured import BagEvidence, BagSource, bag_evidence, open_bags


@dataclass(frozen=True, eq=False)
class BagResult:
    """What a network says about one bag.

    Args:
        name: of the bag.
        instances: R names of its instances.
        decision: classes, thresholds and task.
        evidence: the score of every class, and of every instance for it.
    """

    name: str
    instances: Sequence[str]
    decision: Decision
    evidence: BagEvidence

    @property
    def scores(self) -> dict[str, float]:
        """The score of each class."""
        return dict(zip(self.decision.classes, self.evidence.scores.tolist(), strict=True))

    @property
    def probabilities(self) -> dict[str, float]:
        """The probability of each class."""
        chances = self.decision.probabilities(torch.from_numpy(self.evidence.scores))
        return dict(zip(self.decision.classes, chances.tolist(), strict=True))

    @property
    def labels(self) -> list[str]:
        """The predicted classes, best first."""
        return self.decision.labels(torch.from_numpy(self.evidence.scores))

    @property
    def shown(self) -> list[str]:
        """The predicted classes, or the best one where none is predicted."""
        return self.labels or [max(self.scores, key=self.scores.__getitem__)]


class BagPredictor:
    """A trained network of bags with all that is needed to name what it says.

    Args:
        net: the network, on its device.
        decision: classes, task, thresholds.
    """

    def __init__(self, net: BagNet, decision: Decision) -> None:
        self.net = net.eval()
        self.decision = decision

    def predict(self, bags: str | Path | BagSource) -> Iterator[BagResult]:
        """Return an iterator over the results of bags, in their order, one in memory at a time.

        Args:
            bags: a table or folder as :func:`weldon.structured.open_bags` takes it, or what that returns.

        Raises:
            DataError: files that are no bags, or instances with other features than those of training.
        """
        source, _ = self.match(open_bags(bags) if isinstance(bags, str | Path) else bags)
        return (
            self.predict_one(source.read(path), name=source.name(path), instances=source.instances(path))
            for path in source.paths
        )

    def match(self, bags: BagSource) -> tuple[BagSource, tuple[str, ...]]:
        """Return bags with their features in the order of training, and what has to be said about it.

        Raises:
            DataError: features that are missing or new, or another number of them.
        """
        return as_trained(bags, self.net.feature_names, self.net.num_features)

    @torch.no_grad()
    def predict_one(
        self, values: np.ndarray[Any, Any], *, name: str = "bag", instances: Sequence[str] | None = None
    ) -> BagResult:
        """Return the result of one bag.

        Args:
            values: ``(R, F)`` float, its instances.
            name: of the bag.
            instances: R names; None numbers them from 0.
        """
        device = next(self.net.parameters()).device
        bag = torch.as_tensor(values, dtype=torch.float32).T[None].to(device)  # (1, F, R)
        flat = self.net.transfer_scores(self.net.features(bag))[0].T.cpu()  # (R, C·M)
        evidence = bag_evidence(flat, self.net.pool.cpu(), self.decision.classes)
        named = instances if instances is not None else [str(number) for number in range(len(values))]
        return BagResult(name, named, self.decision, evidence)


def load_bags(run: str | Path, *, device: str = "auto") -> BagPredictor:
    """Return the predictor of a run that was trained on bags.

    Args:
        run: a folder that ``weldon train`` wrote.
        device: as in :func:`weldon.inference.load`.

    Raises:
        UsageError: the folder is no finished run, was trained on images, or there is no such device.
    """
    directory = open_run(run)
    net = load_run_network(directory, device=device)
    if not isinstance(net, BagNet):
        raise UsageError(f"run {str(directory.path)!r} was trained on images, not on bags")
    return BagPredictor(net, read_decision(directory))
