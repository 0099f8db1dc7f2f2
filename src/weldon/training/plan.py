"""What a run is about to do, in lines a person reads before it starts."""

from __future__ import annotations

from collections.abc import Sequence

from weldon.data import Record, encode_targets
from weldon.data.bags.instance_columns import listed
from weldon.device import choose_device
from weldon.models import BagNet, RegionNet, WeldonNet
from weldon.pooling import resolve_count
from weldon.runs.recipe import Recipe
from weldon.training.inputs.prepare import Prepared


def describe(recipe: Recipe, prepared: Prepared, net: RegionNet) -> list[str]:
    """Return what is there: notes, images, classes, positives and unknown cells, the split, k+ and k-.

    It is said before anything that takes long, so that a wrong table shows at once.
    """
    regions = image_lines(recipe, net) if isinstance(net, WeldonNet) else bag_lines(recipe, prepared, net)
    return [
        *prepared.notes,
        f"{len(prepared.train)} training and {len(prepared.val)} validation {prepared.noun}, "
        f"{len(prepared.classes)} classes, {prepared.task}",
        *class_lines(prepared.train, prepared.classes),
        *regions,
    ]


def describe_training(recipe: Recipe, prepared: Prepared) -> str:
    """Return how long and where it learns, once rates and batches are chosen."""
    steps = -(-len(prepared.train) // (recipe.batch_size * recipe.devices * recipe.nodes))
    return f"{recipe.epochs} epochs of {steps} steps, device {choose_device(recipe.device)}"


def image_lines(recipe: Recipe, net: WeldonNet) -> list[str]:
    """Return the network, the size it sees images at, and its pooling."""
    side = -(-recipe.image_size // net.backbone.stride)
    depth = "frozen, maps cached" if recipe.freeze else "all layers trained"
    laid = "aspect kept" if recipe.resize == "keep" else "warped to a square"
    return [
        f"backbone {net.backbone.name}, {depth}; {recipe.image_size} px, {laid}",
        pooling_line(recipe, net, side * side),
    ]


def bag_lines(recipe: Recipe, prepared: Prepared, net: RegionNet) -> list[str]:
    """Return what the bags hold, and the pooling at their median size."""
    assert prepared.bags is not None
    sizes = sorted(prepared.bags.size(record.path) for record in prepared.train)
    middle = sizes[len(sizes) // 2]
    return [
        f"instances of {prepared.bags.num_features} features; "
        f"{sizes[0]} to {sizes[-1]} a bag, median {middle}",
        *constant_lines(net, prepared.bags.features),
        pooling_line(recipe, net, middle, region="instances"),
    ]


def constant_lines(net: RegionNet, names: Sequence[str] | None) -> list[str]:
    """Return a line about features that no training bag tells anything of, none where there are none."""
    constant = net.constant if isinstance(net, BagNet) else ()
    if not constant:
        return []
    called = listed([names[number] if names else str(number) for number in constant])
    return [f"{len(constant)} features are constant in training and are passed over: {called}"]


def class_lines(records: Sequence[Record], classes: Sequence[str]) -> list[str]:
    """Return a line a class: training images with it, and cells nobody filled in."""
    target, known = encode_targets(records, classes)
    width = max(len(name) for name in classes)
    return [
        f"  {name:<{width}}  {int(target[:, c].sum()):>6} present"
        + (f"  {unknown:>6} unknown" if (unknown := int((~known[:, c]).sum())) else "")
        for c, name in enumerate(classes)
    ]


def pooling_line(recipe: Recipe, net: RegionNet, regions: int, *, region: str = "regions") -> str:
    """Return the pooling with its counts resolved, as in ``k+ = 20% → 39 of 196 regions``."""
    parts = [
        f"{sign} = {_spell(k)} → {resolve_count(k, regions)} of {regions} {region}"
        for sign, k in (("k+", getattr(net.pool, "k_max", None)), ("k-", getattr(net.pool, "k_min", None)))
        if k is not None
    ]
    padded = (
        " (a share counts the photograph's own cells, not the padding)"
        if parts and recipe.resize == "keep" and isinstance(net, WeldonNet)
        else ""
    )
    return f"pooling {recipe.pool}" + (": " + ", ".join(parts) if parts else "") + padded


def _spell(k: float | int) -> str:
    return f"{k:.0%}" if isinstance(k, float) else str(k)
