"""A timm model, created whole and then relieved of its pooling and classifier."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from math import isqrt
from pathlib import Path
from typing import Any, Literal

import timm
from torch import Tensor

from weldon.errors import UsageError, WeightsError
from weldon.models.weights import describe_missing, refuse_without_hub

Layout = Literal["NCHW", "NHWC", "tokens"]


def find_layout(features: Tensor) -> Layout:
    """Tell the layout of the features of one square image: its two equal sides are the grid.

    Raises:
        UsageError: features without a grid, as a backbone that ends in a vector returns them.

    Example:
        >>> import torch
        >>> [find_layout(torch.zeros(1, *shape)) for shape in [(96, 5, 5), (5, 5, 96), (26, 96)]]
        ['NCHW', 'NHWC', 'tokens']
    """
    if features.ndim == 3:
        return "tokens"
    if features.ndim != 4:
        raise UsageError(f"a backbone must return maps or tokens, got features {tuple(features.shape)}")
    _, first, second, third = features.shape
    return "NHWC" if first == second != third else "NCHW"


def count_prefix(tokens: int, declared: int | None) -> int:
    """Tell how many tokens stand before those of the square grid (class, registers).

    Args:
        tokens: all of them.
        declared: what the backbone says; None where it says nothing: then none or one.

    Raises:
        UsageError: no square grid is left.

    Example:
        >>> count_prefix(201, 5), count_prefix(197, None), count_prefix(196, None)
        (5, 1, 0)
    """
    for prefix in (0, 1) if declared is None else (declared,):
        if tokens - prefix > 1 and isqrt(tokens - prefix) ** 2 == tokens - prefix:
            return prefix
    raise UsageError(f"a backbone must return one token a patch, got {tokens} tokens for a square image")


def as_map(
    features: Tensor, layout: Layout, *, prefix: int = 0, grid: tuple[int, int] | None = None
) -> Tensor:
    """Return the features as maps ``(N, F, h, w)``.

    Args:
        features: ``(N, F, h, w)``, ``(N, h, w, F)`` or ``(N, prefix + h·w, F)``.
        layout: which of the three.
        prefix: tokens that belong to no patch, at the front; they are dropped.
        grid: ``(h, w)`` of the patches; None means square.
    """
    if layout == "NCHW":
        return features
    if layout == "NHWC":
        return features.permute(0, 3, 1, 2)  # (N, h, w, F) -> (N, F, h, w)
    patches = features[:, prefix:]  # (N, h·w, F)
    height, width = grid or (isqrt(patches.shape[1]),) * 2
    return patches.transpose(1, 2).reshape(patches.shape[0], patches.shape[2], height, width)  # (N, F, h, w)


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
    if pretrained:
        refuse_without_hub(name)
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
