"""The ranking loss as a training objective: within a batch, or exactly over the whole training set."""

from __future__ import annotations

from torch import Tensor

from weldon.training.module import Batch, Objective
from weldon.training.recipe import Recipe


def ranking_objective(recipe: Recipe, name: str) -> Objective:
    """Return the ranking loss ``name`` (``ap`` or ``lapsvm``) of the images in a batch."""
    from weldon.losses import APLoss, LAPSVMLoss

    kind = {"ap": APLoss, "lapsvm": LAPSVMLoss}[name]
    rank = kind(scale=recipe.ap_scale, memory=recipe.ap_memory)

    def loss(scores: Tensor, batch: Batch) -> Tensor:
        value: Tensor = rank(scores, batch["target"], batch["known"])
        return value

    return loss
