"""Write a network for other programs, and make sure that what was written answers alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.data.greys import Window
from weldon.errors import UsageError, WeldonError
from weldon.export.writers import WRITERS, measure_difference
from weldon.files import replacing
from weldon.inference.loading import load_image_network
from weldon.inference.settings import read_decision, read_tiling, read_transform_options
from weldon.models import WeldonNet, describe_model
from weldon.runs.run_directory import open_run

_TOLERANCE = 1e-3
_NAMES = {"onnx": "model.onnx", "torch": "model.pt2", "hub": "hub"}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and how far its answers are from the network's.

    Attributes:
        path: the file or folder.
        format: ``onnx``, ``torch`` or ``hub``.
        difference: the largest difference of any score or map value on random images with random masks.
        description: what the file says of itself.
    """

    path: Path
    format: str
    difference: float
    description: dict[str, Any]


def export_run(
    run: str | Path,
    path: str | Path | None = None,
    *,
    format: str = "onnx",  # noqa: A002
    overwrite: bool = False,
) -> Exported:
    """Export the best weights of a run with its classes and thresholds.

    Args:
        run: a folder that ``weldon train`` wrote.
        path: the file or folder to write; ``RUN/export/model.onnx``, ``model.pt2`` or ``hub`` if not given.
        format: ``onnx``, ``torch`` or ``hub``, as in :func:`export_model`.
        overwrite: replace what is there.

    Raises:
        UsageError: no finished run, an unknown format, something not installed, something already there.
        WeldonError: the written model answers differently.
    """
    _check_format(format)
    directory = open_run(run)
    path = directory.path / "export" / _NAMES[format] if path is None else Path(path)
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists: choose another place with `--out`, or give `--overwrite`")
    decision = read_decision(directory)
    net = load_image_network(directory, device="cpu", new_images=True)
    if read_tiling(directory, net.backbone) is not None:
        raise UsageError(
            f"run {str(run)!r} sees pictures by tiles, and an exported graph has one size of pictures: "
            "use `weldon predict`, or train without --tile"
        )
    return export_model(
        net,
        path,
        format=format,
        classes=decision.classes,
        thresholds=decision.thresholds,
        map_scale=decision.map_scale,
        task=decision.task,
        **read_transform_options(directory),
    )


def export_model(
    net: WeldonNet,
    path: str | Path,
    *,
    format: str = "onnx",  # noqa: A002
    image_size: int,
    classes: Sequence[str],
    thresholds: Mapping[str, float] | None = None,
    map_scale: float | None = None,
    resize: str = "keep",
    task: str | None = None,
    window: Window | None = None,
) -> Exported:
    """Write the network for other programs, and make sure that what was written answers alike.

    ``onnx`` and ``torch`` take ``image`` ``(N, 3, S, S)`` float32, normalised, and ``mask`` ``(N, S, S)``
    bool, True on picture (all True without padding), for any N, and return ``scores`` ``(N, C)`` and signed
    ``maps`` ``(N, C, h, w)``.

    Args:
        net: the network; it is not changed.
        path: the file to write (the folder, for ``hub``); what is there is replaced.
        format: ``onnx`` (opset 18, metadata in the file), ``torch`` (``torch.export`` program, metadata in
            its extra file ``weldon.json``) or ``hub`` (safetensors, ``config.json``, model card).
        image_size: S, fixed in the graph.
        classes: names, in the order of the scores.
        thresholds: score from which a class is present, for each class that has one.
        map_scale: map value shown in full colour.
        resize: how pictures were laid on the canvas: "keep" or "warp".
        task: "multilabel" or "multiclass".
        window: the grey values that were shown black and white, where the run states them.

    Raises:
        UsageError: a value that does not fit the network, an unknown format, something not installed.
        WeldonError: scores or maps differ by more than 1e-3 from the network's.
    """
    _check_format(format)
    description = describe_model(
        net,
        image_size=image_size,
        classes=classes,
        thresholds=thresholds,
        map_scale=map_scale,
        resize=resize,
        task=task,
        window=window,
    )
    path = _check_path(Path(path), format)
    with nullcontext(path) if format == "hub" else replacing(path) as draft:
        difference = measure_difference(net, WRITERS[format](net, draft, description), image_size)
        if not difference <= _TOLERANCE:
            raise WeldonError(
                f"{path} would answer differently from the network: scores or maps are off by "
                f"{difference:.2g}, and {_TOLERANCE:g} is accepted; report the backbone {net.backbone.name}"
            )
    return Exported(path, format, difference, description)


def _check_format(format: str) -> None:  # noqa: A002
    if format not in _NAMES:
        raise UsageError(f"`format` must be one of {', '.join(_NAMES)}, got {format!r}")


def _check_path(path: Path, format: str) -> Path:  # noqa: A002
    suffix = Path(_NAMES[format]).suffix
    if suffix and path.suffix != suffix:
        raise UsageError(f"`path` must end in {suffix} for the format {format}, got {str(path)!r}")
    return path
