"""What a run is about to do, in lines a person reads before it starts."""

from __future__ import annotations

from collections.abc import Sequence

from weldon.data import Record, encode_targets
from weldon.models import WeldonNet
from weldon.pooling import resolve_count
from weldon.training.prepare import Prepared
from weldon.training.recipe import Recipe


def describe(recipe: Recipe, prepared: Prepared, net: WeldonNet) -> list[str]:
    """Return the plan: images, classes, positives and unknown cells, the split, k+ and k-, the device."""
    side = -(-recipe.image_size // net.backbone.stride)
    steps = -(-len(prepared.train) // recipe.batch_size)
    depth = "frozen, maps cached" if recipe.freeze else "all layers trained"
    laid = "aspect kept" if recipe.resize == "keep" else "warped to a square"
    return [
        *prepared.notes,
        f"{len(prepared.train)} training and {len(prepared.val)} validation images, "
        f"{len(prepared.classes)} classes, {prepared.task}",
        *class_lines(prepared.train, prepared.classes),
        f"backbone {net.backbone.name}, {depth}; {recipe.image_size} px, {laid}",
        pooling_line(recipe, net, side * side),
        f"{recipe.epochs} epochs of {steps} steps, device {recipe.device}",
    ]


def class_lines(records: Sequence[Record], classes: Sequence[str]) -> list[str]:
    """Return a line a class: training images with it, and cells nobody filled in."""
    target, known = encode_targets(records, classes)
    width = max(len(name) for name in classes)
    return [
        f"  {name:<{width}}  {int(target[:, c].sum()):>6} present"
        + (f"  {unknown:>6} unknown" if (unknown := int((~known[:, c]).sum())) else "")
        for c, name in enumerate(classes)
    ]


def pooling_line(recipe: Recipe, net: WeldonNet, regions: int) -> str:
    """Return the pooling with its counts resolved, as in ``k+ = 20% → 39 of 196 regions``."""
    parts = [
        f"{sign} = {_spell(k)} → {resolve_count(k, regions)} of {regions} regions"
        for sign, k in (("k+", getattr(net.pool, "k_max", None)), ("k-", getattr(net.pool, "k_min", None)))
        if k is not None
    ]
    padded = (
        " (a share counts the photograph's own cells, not the padding)"
        if parts and recipe.resize == "keep"
        else ""
    )
    return f"pooling {recipe.pool}" + (": " + ", ".join(parts) if parts else "") + padded


def _spell(k: float | int) -> str:
    return f"{k:.0%}" if isinstance(k, float) else str(k)
