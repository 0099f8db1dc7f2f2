"""A network as a folder that says what it is: weights, configuration, model card; ready for a hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weldon.choice import meant
from weldon.data.greys import Window
from weldon.errors import MissingPackageError, UsageError
from weldon.files import clear_drafts, write_json, write_text
from weldon.models.checkpoint import FILE_NAME, save_model
from weldon.models.network import WeldonNet

CONFIG_NAME = "config.json"
CARD_NAME = "README.md"


def describe_model(
    net: WeldonNet,
    *,
    image_size: int,
    classes: Sequence[str],
    thresholds: Mapping[str, float] | None = None,
    map_scale: float | None = None,
    resize: str = "keep",
    task: str | None = None,
    window: Window | None = None,
) -> dict[str, Any]:
    """Say in JSON-able values what a program needs to feed the network and to read its answers.

    Args:
        net: the network.
        image_size: side of the square canvas.
        classes: names, in the order of the scores.
        thresholds: score from which a class is present, for each class that has one.
        map_scale: map value shown in full colour.
        resize: how a picture is laid on the canvas: "keep" or "warp".
        task: "multilabel" or "multiclass".
        window: the grey values that are black and white in pictures of more than 8 bits; None: not stated.

    Raises:
        UsageError: a size the backbone does not take, or names that do not fit the network.
    """
    net.backbone.check_size(image_size, image_size)
    if len(classes) != net.num_classes or len(set(classes)) != len(classes):
        raise UsageError(f"`classes` must be {net.num_classes} different names, got {list(classes)!r}")
    strangers = sorted(set(thresholds or {}) - set(classes))
    if strangers:
        near = meant(strangers[0], classes)
        raise UsageError(f"`thresholds` must be of the classes, got {', '.join(strangers)} besides{near}")
    described = {
        "classes": list(classes),
        "image_size": image_size,
        "resize": resize,
        "mean": list(net.backbone.mean),
        "std": list(net.backbone.std),
        "interpolation": net.backbone.interpolation,
        "stride": net.backbone.stride,
        "thresholds": dict(thresholds or {}),
        "map_scale": map_scale,
        "task": task,
        "window": None if window is None else list(window),
    }
    return {key: value for key, value in described.items() if value is not None}


def write_folder(net: WeldonNet, folder: str | Path, description: Mapping[str, Any]) -> Path:
    """Write ``model.safetensors``, ``config.json`` and a model card; :func:`load_model` reads the folder.

    Args:
        net: the network.
        folder: made if it is not there; files of the same names are replaced.
        description: what :func:`describe_model` returns.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    clear_drafts(folder)
    save_model(net, folder / FILE_NAME)
    config = {"library": "weldon", "network": net.config, **description}
    write_json(folder / CONFIG_NAME, config)
    write_text(folder / CARD_NAME, render_card(net, description))
    return folder


def push_model(
    net: WeldonNet, repo_id: str, description: Mapping[str, Any], *, folder: str | Path, private: bool = True
) -> str:
    """Write the folder and upload it to the hub; return the address of the commit.

    Needs ``huggingface_hub`` and a login with it. The one function of the package that sends anything away.

    Args:
        net: the network.
        repo_id: ``owner/name``, made if it is not there.
        description: what :func:`describe_model` returns.
        folder: where the files are written first, and stay.
        private: whether a new repository is private.

    Raises:
        UsageError: ``huggingface_hub`` is not installed.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise MissingPackageError("to push a model", "huggingface_hub", "hub") from error
    written = write_folder(net, folder, description)
    hub = HfApi()
    hub.create_repo(repo_id, private=private, exist_ok=True)
    commit = hub.upload_folder(
        repo_id=repo_id, folder_path=written, allow_patterns=[FILE_NAME, CONFIG_NAME, CARD_NAME]
    )
    return str(commit)


def render_card(net: WeldonNet, description: Mapping[str, Any]) -> str:
    """Write the model card: what goes in, what comes out, how to load it, what to expect of it."""
    size = description["image_size"]
    thresholds = description["thresholds"]
    rows = "\n".join(
        f"| {position} | {_escape(name)} | {_score(thresholds.get(name))} |"
        for position, name in enumerate(description["classes"])
    )
    laid = {
        "keep": "long side scaled to the canvas, upper left corner, the rest padding with the mean colour "
        "and False in the mask",
        "warp": "stretched over the whole canvas",
    }[description["resize"]]
    return _CARD.format(
        backbone=net.backbone.name,
        pool=_escape(repr(net.pool)),
        size=size,
        stride=net.backbone.stride,
        laid=laid,
        mean=", ".join(f"{value:g}" for value in description["mean"]),
        std=", ".join(f"{value:g}" for value in description["std"]),
        rows=rows,
    )


def _score(threshold: float | None) -> str:
    return "" if threshold is None else f"{threshold:.4f}"


def _escape(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


_CARD = """\
---
library_name: weldon
pipeline_tag: image-classification
tags: [weakly-supervised, localisation, explanation, timm]
---
# {backbone}, {pool}

Scores classes of a picture and shows the regions that speak for and against each. Trained from image-level
labels. The score of a class is pooled from its map, so that the map is the computation and no afterthought.

## In and out
Input: RGB, {size} x {size}, {laid};
values in [0, 1], minus mean ({mean}), divided by std ({std}).

Output: one score a class, and one signed map a class, a cell every {stride} pixels: above zero speaks for
the class, below zero against it.

| output | class | present from score |
|---|---|---|
{rows}

## Use
```python
from weldon.models import load_model
net = load_model("this/folder")
scores, maps = net(images, mask, return_maps=True)
```

## Limits
A low region is evidence that the model uses against a class, learned from what appears together in its
training pictures; it does not prove that something is absent. The maps are coarse: one cell
is {stride} pixels wide. Thresholds hold for pictures like those they were fitted on.
"""
