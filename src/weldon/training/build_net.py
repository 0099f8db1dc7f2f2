"""The untrained network of a recipe, for images or for bags."""

from __future__ import annotations

from weldon.errors import UsageError
from weldon.models import BagNet, RegionNet, WeldonNet, create_bag_model, create_model
from weldon.models.embedded import DEFAULT_MODEL
from weldon.runs.recipe import Recipe
from weldon.structured import BagSource
from weldon.training.inputs.bag_dataset import instance_moments
from weldon.training.inputs.prepare import Prepared


def build_net(recipe: Recipe, prepared: Prepared) -> RegionNet:
    """Return the untrained network of ``recipe``, for images or for bags.

    Raises:
        UsageError: an option that cannot be used.
    """
    if prepared.bags is not None:
        return build_bag_net(recipe, prepared, prepared.bags)
    net = build_image_net(recipe, len(prepared.classes))
    refuse_cut_cells(recipe.image_size, net.backbone.stride)
    return net


def build_bag_net(recipe: Recipe, prepared: Prepared, bags: BagSource) -> BagNet:
    """Return the untrained network of bags, which standardises instances as the training bags have them."""
    net = create_bag_model(
        bags.num_features,
        len(prepared.classes),
        pool=recipe.pool,
        feature_names=bags.features,
        **recipe.pool_options,
    )
    net.standardise(*instance_moments(prepared.train, bags))
    return net


def build_image_net(recipe: Recipe, num_classes: int) -> WeldonNet:
    """Return the untrained network of images."""
    name = recipe.model or ("auto" if recipe.weights not in ("default", "none") else DEFAULT_MODEL)
    return create_model(
        name,
        num_classes,
        pool=recipe.pool,
        weights=recipe.weights,
        model_kwargs=recipe.model_kwargs,
        mean=recipe.mean,
        std=recipe.std,
        **recipe.pool_options,
    )


def refuse_cut_cells(image_size: int, stride: int) -> None:
    """Refuse an image size that the cells of the map do not divide: places would be off near the far edges.

    Raises:
        UsageError: names the two nearest sizes.
    """
    if image_size % stride:
        below = image_size - image_size % stride
        near = " or ".join(str(size) for size in (below, below + stride) if size)
        raise UsageError(f"image_size must be a multiple of {stride} (stride), got {image_size}: take {near}")
