"""One safetensors file holds a network: its weights, and in the metadata all that rebuilds it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from weldon.errors import UsageError, WeightsError
from weldon.models.backbone import build_backbone
from weldon.models.memory import keep_freed_memory
from weldon.models.network import WeldonNet
from weldon.models.weights import METADATA_KEY, read_metadata
from weldon.pooling import build_pooling

FILE_NAME = "model.safetensors"


def save_model(net: WeldonNet, path: str | Path) -> None:
    """Write the network to one file, replacing one of that name only once it is whole.

    Raises:
        UsageError: a network that was not made by :func:`create_model` with the name of a pooling.
    """
    if not net.config:
        raise UsageError(
            "`net` must come from create_model with `pool` given by name, else nothing can rebuild it"
        )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {key: value.contiguous() for key, value in net.state_dict().items()}
    partial = path.with_name(path.name + ".partial")
    save_file(state, partial, metadata={METADATA_KEY: json.dumps(net.config), "format": "pt"})
    os.replace(partial, path)


def load_model(path: str | Path, *, device: str | torch.device = "cpu") -> WeldonNet:
    """Rebuild the network of a file, in evaluation mode, without pickle and without a download.

    From then on the process keeps the memory it frees (:func:`~weldon.models.memory.keep_freed_memory`).

    Args:
        path: what :func:`save_model` wrote, or a folder with ``model.safetensors`` in it.
        device: where the network goes.

    Raises:
        WeightsError: no such file, or one that weldon did not write.
    """
    path = Path(path)
    path = path / FILE_NAME if path.is_dir() else path
    if not path.is_file():
        raise WeightsError(f"`path` must be a model that weldon saved, got {str(path)!r}, which is no file")
    config = read_metadata(path)
    if config is None:
        raise WeightsError(
            f"{path} is not a model that weldon saved; a backbone's weights are for training's `--weights`"
        )
    keep_freed_memory()
    net = _rebuild(config, path)
    state = load_file(path)
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{path} does not fit its own description: {error}") from error
    return net.to(device).eval()


def _rebuild(config: dict[str, object], path: Path) -> WeldonNet:
    values = dict(config)
    try:
        backbone = build_backbone(
            str(values["name"]),
            weights="none",
            model_kwargs=values["model_kwargs"],  # type: ignore[arg-type]
            mean=values["mean"],  # type: ignore[arg-type]
            std=values["std"],  # type: ignore[arg-type]
        )
        backbone.interpolation = str(values["interpolation"])
        pool = build_pooling(str(values["pool"]), **values["pool_options"])  # type: ignore[arg-type]
        return WeldonNet(backbone, pool, values["num_classes"], config=config)  # type: ignore[arg-type]
    except (KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} describes no network this version of weldon can build: {error!r}"
        ) from error
