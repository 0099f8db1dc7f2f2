"""A timm model, created whole and then relieved of its pooling and classifier."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import timm

from weldon.errors import UsageError, WeightsError
from weldon.models.weights import describe_missing

# What timm calls "takes any size": transformers, those of older releases, everything else.
_ANY_SIZE: tuple[dict[str, bool], ...] = ({"dynamic_img_size": True}, {"strict_img_size": False}, {})
_OURS = frozenset(
    (
        *("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir"),
        *("num_classes", "features_only", "in_chans", "global_pool"),
        *("dynamic_img_size", "strict_img_size", "dynamic_img_pad"),
    )
)


def choose_name(name: str | None, described: str | None, path: Path | None) -> str:
    """Return the name that was given, or else the one described beside the weights.

    Raises:
        UsageError: neither, or none that timm knows; the message names close ones.
    """
    chosen = described if name in (None, "auto") else name
    if chosen is None:
        beside = (
            f'give the name, or write {{"model": ...}} into {path.with_suffix(".json")}'
            if path
            else "give it"
        )
        raise UsageError(
            f"`model` must be the name of a timm model, got {name!r} and no description: {beside}"
        )
    if ":" in chosen or not timm.is_model(chosen):
        near = get_close_matches(chosen.split(".")[0], timm.list_models(), n=4)
        hint = f"; close to it: {', '.join(near)}" if near else ""
        raise UsageError(f"`model` must be the name of a timm model, got {chosen!r}{hint}")
    return chosen


def create_without_classifier(
    name: str, model_kwargs: Mapping[str, Any], *, pretrained: bool
) -> tuple[Any, bool, frozenset[str]]:
    """Create the timm model whose ``forward_head(..., pre_logits=True)`` keeps the map.

    It is created whole, so that timm fits its weights strictly, and only then relieved of its classifier.

    Returns:
        the model, whether it is a model of patches that takes any size, and the names of the entries of its
        state that went with the classifier.

    Raises:
        UsageError: an option that timm refuses, or a model that has no map before its pooling.
        WeightsError: timm could not get the weights.
    """
    _refuse_ours(model_kwargs)
    model, any_size = _create(name, model_kwargs, pretrained=pretrained)
    return model, any_size, _remove_classifier(model, name)


def _refuse_ours(model_kwargs: Mapping[str, Any]) -> None:
    taken = sorted(_OURS & set(model_kwargs))
    if taken:
        raise UsageError(
            f"`model_kwargs` must leave {', '.join(taken)} to weldon, got {dict(model_kwargs)!r}"
        )


def _create(name: str, model_kwargs: Mapping[str, Any], *, pretrained: bool) -> tuple[Any, bool]:
    """Create the timm model and tell whether it is a patch model that takes any size."""
    for option in _ANY_SIZE:
        try:
            return timm.create_model(name, pretrained=pretrained, **{**option, **model_kwargs}), bool(option)
        except TypeError as error:
            refusal: Exception = error
        except Exception as error:
            if pretrained:
                raise WeightsError(describe_missing(name, error)) from error
            refusal = error
            break
    raise UsageError(
        f"`model_kwargs` must be what timm takes for {name}, got {dict(model_kwargs)!r}: {refusal}"
    ) from refusal


def _remove_classifier(model: Any, name: str) -> frozenset[str]:
    """Take pooling and classifier away; return the names of the entries that went with them."""
    before = set(model.state_dict())
    try:
        model.reset_classifier(0, global_pool="")
    except (AssertionError, TypeError, AttributeError) as error:
        raise UsageError(
            f"`model` must have maps before its pooling; timm's {name} has not: {error}"
        ) from error
    return frozenset(before - set(model.state_dict()))
