"""Describe what a run is about to do, in lines that a person reads before it starts."""

from __future__ import annotations

from collections.abc import Sequence

from weldon.counted import counted
from weldon.data import Record, encode_targets
from weldon.device import choose_device
from weldon.models import RegionNet
from weldon.pooling import Count, resolve_count
from weldon.runs.recipe import Recipe
from weldon.training.inputs.inputs import Prepared


def describe(recipe: Recipe, prepared: Prepared, net: RegionNet) -> list[str]:
    """Return what is there: notes, images, classes, positives and unknown cells, the split, k+ and k-.

    It is said before anything that takes long, so that a wrong table shows at once.
    """
    return [
        *prepared.notes,
        f"{len(prepared.train)} training and {len(prepared.val)} validation {prepared.noun}, "
        f"{counted(len(prepared.classes), 'class', 'classes')}, {prepared.task}",
        *class_lines(prepared.train, prepared.classes),
        *prepared.inputs.describe(recipe, prepared, net),
    ]


def describe_training(recipe: Recipe, prepared: Prepared) -> str:
    """Return how long and where it learns, once rates and batches are chosen."""
    steps = -(-len(prepared.train) // (recipe.batch_size * recipe.devices * recipe.nodes))
    length = f"{counted(recipe.epochs, 'epoch')} of {counted(steps, 'step')}"
    return f"{length}, device {choose_device(recipe.device)}"


def class_lines(records: Sequence[Record], classes: Sequence[str]) -> list[str]:
    """Return a line a class: training images with it, and cells nobody filled in."""
    target, known = encode_targets(records, classes)
    width = max(len(name) for name in classes)
    return [
        f"  {name:<{width}}  {int(target[:, c].sum()):>6} present"
        + (f"  {unknown:>6} unknown" if (unknown := int((~known[:, c]).sum())) else "")
        for c, name in enumerate(classes)
    ]


def spell_pooling(recipe: Recipe, net: RegionNet, regions: int | None, *, region: str = "regions") -> str:
    """Return the pooling with its counts resolved, as in ``k+ = 20% → 39 of 196 regions``.

    Args:
        recipe: of the run.
        net: has the pooling.
        regions: of an image; None: each has its own number.
        region: what regions are called.
    """
    parts = [
        f"{sign} = {spell_count(k)}"
        + ("" if regions is None else f" → {resolve_count(k, regions)} of {regions} {region}")
        for sign, k in (("k+", getattr(net.pool, "k_max", None)), ("k-", getattr(net.pool, "k_min", None)))
        if k is not None
    ]
    return recipe.pool + (": " + ", ".join(parts) if parts else "")


def spell_count(k: Count) -> str:
    """Return a count as people write it: a share in percent."""
    return f"{k:.0%}" if isinstance(k, float) else str(k)
