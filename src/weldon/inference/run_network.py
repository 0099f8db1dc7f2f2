"""Load the network of a run, and check it against the other files of the run."""

from __future__ import annotations

from weldon.device import choose_device
from weldon.errors import DataError, UsageError, WeightsError
from weldon.inference.settings import read_decision, read_tiling, read_transform_options
from weldon.models import RegionNet, WeldonNet, holds_bag_model, load_network
from weldon.runs.run_directory import RunDirectory


def load_run_network(run: RunDirectory, *, device: str = "auto", new_images: bool = False) -> RegionNet:
    """Return the best network of a run, on images or on bags, in evaluation mode.

    Args:
        run: a run directory.
        device: as in :func:`weldon.device.choose_device`.
        new_images: the network of a refit, where there is one: it learnt from the validation images too, so
            that nothing may be measured with it.

    Raises:
        UsageError: there is no such device.
        DataError: a file of the run is damaged, or does not fit the others.
    """
    chosen = choose_device(device)
    try:
        net = load_network(run.for_new_images() if new_images else run.best, device=chosen)
    except (WeightsError, UsageError) as error:
        raise _damaged(error) from error
    if isinstance(net, WeldonNet) and read_tiling(run, net.backbone) is None:
        _refuse_cut_cells(run, net.backbone.stride)
    if run.thresholds.is_file():
        read_decision(run)  # says whether the classes are in the order of the scores
    if len(run.class_names) != net.num_classes:
        raise DataError(
            f"{run.classes} must name {net.num_classes} classes, one a line, as many as the weights have "
            f"scores for, got {len(run.class_names)}: put back the file that `weldon train` wrote"
        )
    return net


def load_image_network(run: RunDirectory, *, device: str = "auto", new_images: bool = False) -> WeldonNet:
    """Return the best network of a run on images; arguments and errors as in :func:`load_run_network`.

    Raises:
        UsageError: the run was trained on bags.
    """
    net = load_run_network(run, device=device, new_images=new_images)
    if not isinstance(net, WeldonNet):
        raise UsageError(
            f"run {str(run.path)!r} was trained on bags, not on images: `weldon predict` "
            "writes down its evidence"
        )
    return net


def is_bag_run(run: RunDirectory) -> bool:
    """Return whether a run was trained on bags.

    Raises:
        DataError: its weights cannot be read.
    """
    try:
        return holds_bag_model(run.best)
    except WeightsError as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> DataError:
    return DataError(f"{error}; put back the file that `weldon train` wrote, or train again")


def _refuse_cut_cells(run: RunDirectory, stride: int) -> None:
    size = read_transform_options(run)["image_size"]
    if size % stride:
        raise DataError(
            f"{run.config}: image_size must be a multiple of {stride}, as it was trained, got {size}"
        )
