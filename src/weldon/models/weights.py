"""Weights of a backbone from a file, and what to say when they cannot be had."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import timm
from safetensors import SafetensorError, safe_open
from timm.models import load_state_dict
from torch import Tensor

from weldon.errors import DataError, WeightsError
from weldon.files import parse_json, read_json
from weldon.models.embedded import DEFAULT_MODEL

METADATA_KEY = "weldon"
HUB_SECONDS = 10  # that the hub has for its first answer
MOST_COLOUR = 1000  # of a mean or deviation, which are shares or levels; NaN is not below it
_RUN_PREFIX = "backbone.model."
_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of a file of weights besides its tensors; None where nothing is said."""

    model: str | None = None
    model_kwargs: dict[str, Any] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    interpolation: str | None = None


def read_description(path: Path | None) -> Description:
    """Read what a weldon checkpoint says in its metadata, or the JSON file of the same name beside it.

    Raises:
        WeightsError: no such file, a kind that is not read, JSON that cannot be used.
    """
    if path is None:
        return Description()
    if not path.is_file() or path.suffix.lower() not in _SUFFIXES:
        what = "is no file" if not path.is_file() else f"ends in none of {', '.join(_SUFFIXES)}"
        raise WeightsError(
            f"`weights` must be default, none or a file of weights, got {str(path)!r}, which {what}"
        )
    config = read_metadata(path)
    if config is not None:
        values = {**config, "model": config.get("name")}
        return describe_values(values, path)
    beside = path.with_suffix(".json")
    if not beside.is_file():
        return Description()
    try:
        values = read_json(beside)
    except DataError as error:
        raise WeightsError(f"{beside} must be JSON that describes {path.name}: {error}") from error
    return describe_values(values, beside)


def read_metadata(path: Path) -> dict[str, Any] | None:
    """Return the configuration inside a checkpoint that weldon wrote, None for any other file.

    Raises:
        WeightsError: a ``.safetensors`` file that cannot be read as one.
    """
    if path.suffix.lower() != ".safetensors":
        return None
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(METADATA_KEY)
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} must be a safetensors file, and cannot be read as one: {error}"
        ) from error
    if text is None:
        return None
    try:
        values = parse_json(text, f"the metadata of {path}")
    except DataError as error:
        raise WeightsError(str(error)) from error
    if not isinstance(values, dict):
        raise WeightsError(f"the metadata of {path} must be a JSON object, got {type(values).__name__}")
    return values


def describe_values(values: object, source: Path) -> Description:
    """Check the values of a description one by one."""
    if not isinstance(values, Mapping):
        raise WeightsError(f"{source} must be a JSON object, got {type(values).__name__}")
    checks: dict[str, type] = {"model": str, "model_kwargs": dict, "interpolation": str}
    for key, kind in checks.items():
        if values.get(key) is not None and not isinstance(values[key], kind):
            raise WeightsError(f"{source}: `{key}` must be a {kind.__name__}, got {values[key]!r}")
    return Description(
        model=values.get("model"),
        model_kwargs=values.get("model_kwargs"),
        mean=_colours(values, "mean", source),
        std=_colours(values, "std", source),
        interpolation=values.get("interpolation"),
    )


def _colours(values: Mapping[str, Any], key: str, source: Path) -> tuple[float, ...] | None:
    colours = values.get(key)
    if colours is None:
        return None
    if not (isinstance(colours, list) and len(colours) == 3 and all(map(_is_number, colours))):
        raise WeightsError(f"{source}: `{key}` must be a list of three numbers, got {colours!r}")
    return tuple(float(colour) for colour in colours)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST_COLOUR


def load_weights(model: Any, path: Path, *, name: str, classifier: frozenset[str] = frozenset()) -> None:
    """Load a file into a timm model whose classifier was taken away.

    Files of the model's original authors that timm knows how to rename are renamed.

    Args:
        model: the timm model, changed in place.
        path: safetensors, state dict, or the checkpoint of a run.
        name: of the model, for messages.
        classifier: entries that the file may have although the model has not.

    Raises:
        WeightsError: the file cannot be read safely, or its entries do not fit; they are listed.
    """
    fit_state(model, convert_state(_read_state(path), model), str(path), name=name, classifier=classifier)


def fit_state(
    model: Any,
    state: Mapping[str, Tensor],
    source: str,
    *,
    name: str,
    classifier: frozenset[str] = frozenset(),
) -> None:
    """Load tensors by name into a timm model whose classifier was taken away.

    Args:
        model: the timm model, changed in place.
        state: the tensors, under timm's names.
        source: where they come from, for messages.
        name: of the model, for messages.
        classifier: entries that the state may have although the model has not.

    Raises:
        WeightsError: the entries do not fit; they are listed.
    """
    wanted = model.state_dict()
    heads = tuple(
        {key.rpartition(".")[0] + "." for key in classifier} | {f"{c}." for c in _classifiers(model)}
    )
    missing = [key for key in wanted if key not in state and not key.endswith("num_batches_tracked")]
    extra = [key for key in state if key not in wanted and not key.startswith(heads)]
    shapes = [
        f"{key} {tuple(state[key].shape)} for {tuple(wanted[key].shape)}"
        for key in wanted
        if key in state and state[key].shape != wanted[key].shape
    ]
    if missing or extra or shapes:
        raise WeightsError(
            f"{source} does not fit the timm model {name}: give the model and model_kwargs it was made for"
            + _listed("missing", missing)
            + _listed("not in the model", extra)
            + _listed("of another shape", shapes)
        )
    model.load_state_dict({key: state[key] for key in wanted if key in state}, strict=False)


def _read_state(path: Path) -> dict[str, Tensor]:
    """Read the tensors without trusting pickle; of a run's checkpoint, those of its backbone."""
    try:
        state = load_state_dict(str(path), weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"{path} must hold tensors by name, and cannot be read as such: {error}"
        ) from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path} must hold tensors by name (a state dict), got something else")
    of_run = {key.removeprefix(_RUN_PREFIX): v for key, v in state.items() if key.startswith(_RUN_PREFIX)}
    return of_run or dict(state)


def convert_state(state: dict[str, Tensor], model: Any) -> dict[str, Tensor]:
    """Rename and resample the entries as timm does for the original authors' files of this family of models.

    A state that fits as it is stays as it is.
    """
    module = sys.modules[type(model).__module__]
    convert = getattr(module, "checkpoint_filter_fn", None) or getattr(module, "_filter_fn", None)
    if convert is None or all(
        key in state and state[key].shape == value.shape for key, value in model.state_dict().items()
    ):
        return state
    converted = convert(state, model) if len(signature(convert).parameters) > 1 else convert(state)
    return dict(converted)


def _classifiers(model: Any) -> tuple[str, ...]:
    names = model.pretrained_cfg.get("classifier") or ()
    return (names,) if isinstance(names, str) else tuple(names)


def _listed(what: str, keys: Iterable[str], most: int = 8) -> str:
    keys = list(keys)
    if not keys:
        return ""
    rest = f" and {len(keys) - most} more" if len(keys) > most else ""
    return f"\n  {len(keys)} {what}: {', '.join(keys[:most])}{rest}"


def describe_missing(name: str, error: Exception) -> str:
    """Say which file to fetch, and where to put it, when timm could not get the weights of ``name``."""
    cfg = timm.get_pretrained_cfg(name)
    hub, url = (cfg.hf_hub_id, cfg.url) if cfg else (None, None)
    if not hub and not url:
        return (
            f"timm has no weights for {name}: give a file as `weights` (--weights PATH), or start from "
            "random ones with `weights=None` (--weights none)"
        )
    source = f"{cfg.hf_hub_filename or 'model.safetensors'} of the hub repository {hub}" if hub else url
    reason = next(iter(str(error).splitlines()), "no reason given")
    return (
        f"timm could not get the weights of {name} ({type(error).__name__}: {reason}). Fetch {source} "
        f"where there is a network, put it anywhere here and give it as `weights` (--weights PATH); or take "
        f"the model {DEFAULT_MODEL}, whose weights are installed with weldon; or start from random weights "
        "with `weights=None` (--weights none)"
    )


def refuse_without_hub(name: str) -> None:
    """Refuse a model whose weights must be downloaded where the hub does not answer.

    One question, of which nothing is repeated: the download itself asks twelve times, for a minute and more.

    Args:
        name: timm's.

    Raises:
        WeightsError: the weights are not on this machine, and the hub cannot be reached.
    """
    cfg = timm.get_pretrained_cfg(name)
    if cfg is None or not cfg.hf_hub_id or cfg.file or cfg.state_dict or "TIMM_USE_OLD_CACHE" in os.environ:
        return  # timm takes them from elsewhere
    from huggingface_hub import hf_hub_url, try_to_load_from_cache
    from huggingface_hub.utils import get_session

    repository, _, revision = cfg.hf_hub_id.partition("@")
    files = [cfg.hf_hub_filename] if cfg.hf_hub_filename else ["model.safetensors", "pytorch_model.bin"]
    if any(
        isinstance(try_to_load_from_cache(repository, file, revision=revision or None), str) for file in files
    ):
        return
    try:
        get_session().head(hf_hub_url(repository, files[0], revision=revision or None), timeout=HUB_SECONDS)
    # Of the system, of the client, which differs by version, or: told to be offline.
    except Exception as error:
        raise WeightsError(describe_missing(name, error)) from error
