"""One safetensors file holds a network: its weights, and in the metadata all that rebuilds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from weldon.device import keep_freed_memory
from weldon.errors import UsageError, WeightsError
from weldon.files import write_bytes
from weldon.models.backbone import build_backbone
from weldon.models.bag_net import KIND, BagNet
from weldon.models.network import WeldonNet
from weldon.models.region_net import RegionNet
from weldon.models.weights import METADATA_KEY, describe_values, read_metadata
from weldon.pooling import build_pooling

KEY = "sha256"  # in the metadata of a safetensors file


def tensors_checksum(tensors: Mapping[str, Tensor], described: str) -> str:
    """Return one checksum of named tensors and of the text that describes them.

    Args:
        tensors: of any shape and type, in any order.
        described: what stands beside them in the metadata.

    Example:
        >>> one = tensors_checksum({"a": torch.zeros(2), "b": torch.ones(1)}, "{}")
        >>> one == tensors_checksum({"b": torch.ones(1), "a": torch.zeros(2)}, "{}")
        True
        >>> one == tensors_checksum({"a": torch.zeros(2, 1), "b": torch.ones(1)}, "{}")
        False
    """
    digest = hashlib.sha256(described.encode())
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"\0{name}\0{value.dtype}\0{tuple(value.shape)}\0".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


INTERPOLATIONS = ("bilinear", "bicubic", "nearest", "lanczos", "box", "hamming", "random")  # of timm
TRANSFER = "transfer.weight"  # (C·M, F, 1, 1)
FILE_NAME = "model.safetensors"
Net = TypeVar("Net", bound=nn.Module)


def save_model(net: RegionNet, path: str | Path) -> None:
    """Write the network to one file, replacing one of that name only once it is whole.

    Raises:
        UsageError: a network that was not made by :func:`create_model` or :func:`create_bag_model`, with
            the name of a pooling.
    """
    if not net.config:
        raise UsageError(
            "`net` must come from create_model with `pool` given by name, else nothing can rebuild it"
        )
    state = {key: value.contiguous() for key, value in net.state_dict().items()}
    described = json.dumps(net.config)
    metadata = {METADATA_KEY: described, KEY: tensors_checksum(state, described), "format": "pt"}
    write_bytes(path, _in_order(save(state, metadata=metadata)))


def _in_order(data: bytes) -> bytes:
    """Return a safetensors file with its metadata in the order of the names: the same run is the same file.

    The library writes them in an order that changes from process to process.
    """
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors start at a multiple of eight bytes
    return len(text).to_bytes(8, "little") + text + data[end:]


def load_model(path: str | Path, *, device: str | torch.device = "cpu") -> WeldonNet:
    """Rebuild the network of a file, in evaluation mode, without pickle and without a download.

    From then on the process keeps the memory it frees (:func:`~weldon.device.keep_freed_memory`).

    Args:
        path: what :func:`save_model` wrote, or a folder with ``model.safetensors`` in it.
        device: where the network goes.

    Raises:
        WeightsError: no such file, one that weldon did not write, or a network of bags.
    """
    file, config = _described(path)
    if config.get("kind") == KIND:
        raise WeightsError(
            f"{file} holds a network of bags, which takes no images: `weldon predict` writes down its "
            "evidence, weldon.models.load_bag_model loads it"
        )
    _refuse_other_sizes(config, file)
    _refuse_other_kinds(config, file)
    return _filled(_rebuild(config, file), file, device)


def load_bag_model(path: str | Path, *, device: str | torch.device = "cpu") -> BagNet:
    """Rebuild the network of bags of a file, as :func:`load_model` does for images.

    Raises:
        WeightsError: no such file, one that weldon did not write, or a network of images.
    """
    file, config = _described(path)
    if config.get("kind") != KIND:
        raise WeightsError(
            f"{file} holds a network of images, which takes no bags (weldon.models.load_model)"
        )
    _refuse_other_sizes(config, file)
    return _filled(_rebuild_bags(config, file), file, device)


def load_network(path: str | Path, *, device: str | torch.device = "cpu") -> RegionNet:
    """Rebuild the network of a file, whether it scores images or bags.

    Raises:
        WeightsError: no such file, or one that weldon did not write.
    """
    load = _LOADERS.get(_described(path)[1].get("kind"), load_model)
    return load(path, device=device)


_LOADERS: dict[Any, Callable[..., RegionNet]] = {KIND: load_bag_model}


def holds_bag_model(path: str | Path) -> bool:
    """Return whether a file, or a folder with ``model.safetensors``, holds a network of bags.

    Raises:
        WeightsError: no such file, or one that weldon did not write.
    """
    return _described(path)[1].get("kind") == KIND


def _described(path: str | Path) -> tuple[Path, dict[str, Any]]:
    """Return the file and what it says of its network."""
    path = Path(path)
    path = path / FILE_NAME if path.is_dir() else path
    if not path.is_file():
        raise WeightsError(f"`path` must be a model that weldon saved, got {str(path)!r}, which is no file")
    config = read_metadata(path)
    if config is None:
        raise WeightsError(
            f"{path} is not a model that weldon saved; a backbone's weights are for training's `--weights`"
        )
    return path, config


def _filled(net: Net, path: Path, device: str | torch.device) -> Net:
    """Give the network its weights."""
    keep_freed_memory()
    try:
        state = load_file(path)
        _refuse_changed(path, state)
        net.load_state_dict(state)
    except (RuntimeError, SafetensorError) as error:
        raise WeightsError(f"{path} does not fit its own description: {error}") from error
    lost = [name for name, value in net.state_dict().items() if not value.isfinite().all()]
    if lost:
        raise WeightsError(
            f"{path} holds values that are no finite numbers in {lost[0]} (and {len(lost) - 1} more): it is "
            "damaged, or its training diverged, which a lower --lr prevents"
        )
    return net.to(device).eval()


def _refuse_changed(path: Path, state: Mapping[str, Tensor]) -> None:
    """Compare the tensors with the checksum beside them; files of earlier versions have none.

    Raises:
        WeightsError: they are not what was written.
    """
    with safe_open(path, framework="pt") as file:
        told = file.metadata() or {}
    if KEY in told and told[KEY] != tensors_checksum(state, told.get(METADATA_KEY, "")):
        raise WeightsError(
            f"{path} is damaged: its weights are not those that were written; put back a copy, or train again"
        )


def _rebuild(values: Mapping[str, Any], path: Path) -> WeldonNet:
    try:
        backbone = build_backbone(
            str(values["name"]),
            weights="none",
            model_kwargs=values["model_kwargs"],
            mean=values["mean"],
            std=values["std"],
        )
        backbone.interpolation = str(values["interpolation"])
        pool = build_pooling(str(values["pool"]), **values["pool_options"])
        return WeldonNet(backbone, pool, values["num_classes"], config=values)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _unknown(path, error) from error


def _rebuild_bags(values: Mapping[str, Any], path: Path) -> BagNet:
    try:
        pool = build_pooling(str(values["pool"]), **values["pool_options"])
        return BagNet(values["num_features"], pool, values["num_classes"], config=values)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _unknown(path, error) from error


def _refuse_other_kinds(values: Mapping[str, Any], path: Path) -> None:
    """Refuse a description that says how pictures are read in words or numbers that nothing here knows."""
    described = describe_values(values, path)
    if described.mean is None or described.std is None or min(described.std) <= 0:
        raise _unknown(path, UsageError(f"mean {described.mean} and std {described.std}"))
    if described.model_kwargs is None or described.interpolation not in INTERPOLATIONS:
        raise _unknown(path, UsageError(f"interpolation {str(described.interpolation)[:40]!r}"))


def _refuse_other_sizes(values: Mapping[str, Any], path: Path) -> None:
    """Refuse a description of other sizes than the tensors have, before room is made for them.

    Raises:
        WeightsError: names what it says and what there is.
    """
    with safe_open(path, framework="pt") as file:
        shape = file.get_slice(TRANSFER).get_shape() if TRANSFER in file.keys() else [0, 0]  # noqa: SIM118
    maps, features = shape[:2]
    classes, wanted = values.get("num_classes"), values.get("num_features", features)
    if type(classes) is not int or classes < 1:
        raise _unknown(path, UsageError(f"num_classes must be 1 or more, got {str(classes)[:40]}"))
    if maps % classes or wanted != features:
        raise WeightsError(
            f"{path} does not fit its own description: {classes} classes of {str(wanted)[:40]} features, and "
            f"its tensors are for {maps} maps of {features}"
        )


def _unknown(path: Path, error: Exception) -> WeightsError:
    return WeightsError(f"{path} describes no network this version of weldon can build: {error!r}")
