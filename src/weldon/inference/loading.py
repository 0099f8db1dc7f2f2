"""Load a trained run: its network, checked against its other files, and what predicts with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from weldon.data.tiles import Tiling
from weldon.data.transforms import EvalTransform
from weldon.device import choose_device, images_a_pass, reader_count
from weldon.errors import DataError, UsageError, WeightsError
from weldon.inference.decision import Decision
from weldon.inference.predict import Predictor
from weldon.inference.settings import read_decision, read_tiling, read_transform_options
from weldon.models import RegionNet, WeldonNet, holds_bag_model, load_network
from weldon.runs.run_directory import RunDirectory, open_run

if TYPE_CHECKING:
    from weldon.inference.bag_predictor import BagPredictor

Auto = int | Literal["auto"]


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


def load(
    run: str | Path,
    *,
    device: str = "auto",
    batch_size: Auto = 8,
    workers: Auto = "auto",
    precision: str = "32-true",
    compiled: bool = False,
) -> Predictor | BagPredictor:
    """Return the predictor of a trained run, on images or on bags.

    Args:
        run: a folder that ``weldon train`` wrote.
        device: as in :func:`weldon.device.choose_device`.
        batch_size: images a forward pass; ``auto``: 8 on a processor, 64 on an accelerator.
        workers: threads that decode files ahead of the network; ``auto``: one for each core, at most 16.
        precision: in which a backbone computes: ``32-true``, ``bf16-mixed`` or ``16-mixed``. Poolings and
            what follows are always in 32 bits.
        compiled: compile the backbone with ``torch.compile``: minutes at the first batch, and then faster.

    Raises:
        UsageError: the folder is no finished run, there is no such device, or no compiler.
    """
    directory = open_run(run)
    net = load_run_network(directory, device=device, new_images=True)
    return _PREDICTORS[net.takes](
        directory, net, batch_size=batch_size, workers=workers, precision=precision, compiled=compiled
    )


def load_images(run: str | Path, *, device: str = "auto", **how: Any) -> Predictor:
    """Return the predictor of a run on images; arguments as in :func:`load`.

    Raises:
        UsageError: the folder is no finished run, was trained on bags, or there is no such device.
    """
    directory = open_run(run)
    return _predictor(directory, load_image_network(directory, device=device, new_images=True), **how)


def _predictor(
    run: RunDirectory,
    net: WeldonNet,
    *,
    batch_size: Auto = 8,
    workers: Auto = "auto",
    precision: str = "32-true",
    compiled: bool = False,
) -> Predictor:
    if compiled:
        net.backbone.compile_pass()
    transform = read_tiling(run, net.backbone) or EvalTransform(
        **read_transform_options(run), mean=net.backbone.mean, std=net.backbone.std
    )
    return image_predictor(
        net,
        read_decision(run),
        transform,
        batch_size=images_a_pass(batch_size, next(net.parameters()).device.type),
        workers=reader_count(workers),
        precision=precision,
    )


def image_predictor(
    net: WeldonNet,
    decision: Decision,
    transform: EvalTransform,
    *,
    batch_size: int = 8,
    workers: int = 2,
    precision: str = "32-true",
) -> Predictor:
    """Return the predictor that goes with how pictures are seen: each on a canvas, or by tiles.

    Args:
        net: the network, on its device.
        decision: classes, task, thresholds, colour scale.
        transform: how pictures are laid on the network's canvas, or cut into tiles.
        batch_size: images, or tiles, a forward pass.
        workers: threads that decode files ahead of the network.
        precision: of features.

    Raises:
        UsageError: another precision than ``32-true`` for tiles.
    """
    if not isinstance(transform, Tiling):
        return Predictor(
            net, decision, transform, batch_size=batch_size, workers=workers, precision=precision
        )
    from weldon.inference.tile_predictor import TilePredictor  # only large pictures need it

    if precision != "32-true":
        raise UsageError(f"precision must be 32-true for a run on tiles, got {precision!r}")
    return TilePredictor(net, decision, transform, batch_size=batch_size)


def _bag_predictor(run: RunDirectory, net: RegionNet, **how: Any) -> BagPredictor:
    from weldon.inference.bag_predictor import bag_predictor  # it reads tables with pandas: slow to start

    return bag_predictor(run, net)


_PREDICTORS: dict[str, Callable[..., Predictor | BagPredictor]] = {"image": _predictor, "bag": _bag_predictor}
