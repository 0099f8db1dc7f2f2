"""A trained run that looks at new bags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from weldon.data.bags.bag_files import open_bags
from weldon.data.bags.bag_source import BagSource, as_trained
from weldon.errors import UsageError
from weldon.inference.decision import Decision
from weldon.inference.evidence import NamedInstance, RegionResult
from weldon.inference.forward import forward_with_weights
from weldon.inference.loading import load_run_network
from weldon.inference.settings import read_decision
from weldon.models import BagNet, RegionNet
from weldon.runs.run_directory import RunDirectory, open_run


@dataclass(frozen=True, eq=False)
class BagResult(RegionResult[NamedInstance]):
    """The answer for one bag.

    Args:
        bag: its name.
        instances: R names of its instances.
        decision: classes, thresholds and task.
        class_scores: ``(C,)`` float.
        class_maps: ``(C, R)`` float, the score of every instance for each class.
        positive: ``(C, R)`` float, weights of the instances as evidence for.
        negative: ``(C, R)`` float, weights of the instances as evidence against.
    """

    bag: str
    instances: Sequence[str]
    decision: Decision = field(repr=False)
    class_scores: Tensor = field(repr=False)
    class_maps: Tensor = field(repr=False)
    positive: Tensor = field(repr=False)
    negative: Tensor = field(repr=False)

    @property
    def name(self) -> str:
        """The name under which results are written: that of the bag."""
        return self.bag

    def region(self, place: tuple[int, ...], score: float, weight: float) -> NamedInstance:
        """Return an instance of the bag."""
        return NamedInstance(self.instances[place[0]], score, weight)


class BagPredictor:
    """A trained network of bags with all that is needed to name what it says.

    Args:
        net: the network, on its device.
        decision: classes, task, thresholds.
    """

    def __init__(self, net: BagNet, decision: Decision) -> None:
        self.net = net.eval()
        self.decision = decision

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the network's outputs."""
        return self.decision.classes

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
        answer = forward_with_weights(self.net, bag)
        named = instances if instances is not None else [str(number) for number in range(len(values))]
        return BagResult(name, named, self.decision, *(part[0] for part in answer))


def load_bags(run: str | Path, *, device: str = "auto") -> BagPredictor:
    """Return the predictor of a run that was trained on bags.

    Args:
        run: a folder that ``weldon train`` wrote.
        device: as in :func:`weldon.inference.load`.

    Raises:
        UsageError: the folder is no finished run, was trained on images, or there is no such device.
    """
    directory = open_run(run)
    return bag_predictor(directory, load_run_network(directory, device=device, new_images=True))


def bag_predictor(run: RunDirectory, net: RegionNet) -> BagPredictor:
    """Return the predictor of a run whose network is ``net``.

    Raises:
        UsageError: a network of images, or training did not finish.
    """
    if not isinstance(net, BagNet):
        raise UsageError(f"run {str(run.path)!r} was trained on images, not on bags")
    return BagPredictor(net, read_decision(run))
