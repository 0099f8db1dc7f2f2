"""The network of a run, checked against what else the run's folder says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from weldon.device import choose_device
from weldon.errors import DataError, UsageError, WeightsError
from weldon.inference.settings import read_decision, read_transform_options
from weldon.models import BagNet, RegionNet, WeldonNet, holds_bag_model, load_bag_model, load_model
from weldon.runs.run_directory import RunDirectory

Net = TypeVar("Net", bound=RegionNet)


def load_run_network(run: RunDirectory, *, device: str = "auto") -> WeldonNet:
    """Return the best network of a run on images, in evaluation mode.

    Args:
        run: a run directory.
        device: as in :func:`weldon.device.choose_device`.

    Raises:
        UsageError: the run was trained on bags, or there is no such device.
        DataError: a file of the run is damaged, or does not fit the others.
    """
    if is_bag_run(run):
        raise UsageError(
            f"run {str(run.path)!r} was trained on bags, not on images: `weldon predict` "
            "writes down its evidence"
        )
    return _checked(run, load_model, device)


def load_run_bag_network(run: RunDirectory, *, device: str = "auto") -> BagNet:
    """Return the best network of a run on bags; arguments and errors as for images."""
    if not is_bag_run(run):
        raise UsageError(f"run {str(run.path)!r} was trained on images, not on bags")
    return _checked(run, load_bag_model, device)


def is_bag_run(run: RunDirectory) -> bool:
    """Return whether a run was trained on bags.

    Raises:
        DataError: its weights cannot be read.
    """
    try:
        return holds_bag_model(run.best)
    except WeightsError as error:
        raise _damaged(error) from error


def _checked(run: RunDirectory, load: Callable[..., Net], device: str) -> Net:
    chosen = choose_device(device)
    try:
        net = load(run.best, device=chosen)
    except (WeightsError, UsageError) as error:
        raise _damaged(error) from error
    if isinstance(net, WeldonNet):
        _refuse_cut_cells(run, net.backbone.stride)
    if run.thresholds.is_file():
        read_decision(run)  # says whether the classes are in the order of the scores
    if len(run.class_names) != net.num_classes:
        raise DataError(
            f"{run.classes} must name {net.num_classes} classes, one a line, as many as the weights have "
            f"scores for, got {len(run.class_names)}: put back the file that `weldon train` wrote"
        )
    return net


def _refuse_cut_cells(run: RunDirectory, stride: int) -> None:
    size = read_transform_options(run)["image_size"]
    if size % stride:
        raise DataError(
            f"{run.config}: image_size must be a multiple of {stride}, as it was trained, got {size}"
        )


def _damaged(error: Exception) -> DataError:
    return DataError(f"{error}; put back the file that `weldon train` wrote, or train again")
