"""How a run lays a picture before its network: on a canvas or by tiles, and where its cells then lie."""

from __future__ import annotations

from typing import Any

from weldon.data import EvalTransform, Geometry, Record, image_size
from weldon.data.tiles import Tiling
from weldon.data.windows import picture_size
from weldon.errors import UsageError
from weldon.models import RegionNet, WeldonNet
from weldon.runs.recipe import Recipe


def eval_transform(recipe: Recipe, net: WeldonNet) -> EvalTransform:
    """Return how images are laid on the canvas when nothing is left to chance, or cut into tiles.

    Raises:
        UsageError: tiles that are no whole cells of the network's maps.
    """
    if recipe.tile is not None:
        body = net.backbone
        return Tiling(recipe.tile, recipe.overlap, body.stride, body.mean, body.std, window=recipe.window)
    return EvalTransform(**eval_options(recipe, net))


def eval_options(recipe: Recipe, net: WeldonNet) -> dict[str, Any]:
    """Return what both transforms of the canvas are made with."""
    return {
        "image_size": recipe.image_size,
        "resize": recipe.resize,
        "mean": net.backbone.mean,
        "std": net.backbone.std,
        "window": recipe.window,
    }


def record_geometry(recipe: Recipe, net: RegionNet, record: Record) -> Geometry:
    """Return where the cells of an image's map lie, from the header of its file.

    Raises:
        DataError: the file cannot be read.
    """
    transform = eval_transform(recipe, of_images(net))
    if isinstance(transform, Tiling):
        return transform.geometry(picture_size(record.path))
    return Geometry(*image_size(record.path), transform.image_size, transform.resize)


def refuse_cut_cells(image_size: int, stride: int) -> None:
    """Refuse an image size that the cells of the map do not divide: places would be off near the far edges.

    Raises:
        UsageError: names the two nearest sizes.
    """
    if image_size % stride:
        below = image_size - image_size % stride
        near = " or ".join(str(size) for size in (below, below + stride) if size)
        raise UsageError(f"image_size must be a multiple of {stride} (stride), got {image_size}: take {near}")


def of_images(net: RegionNet) -> WeldonNet:
    """Return the network of images.

    Raises:
        UsageError: it is one of bags.
    """
    if not isinstance(net, WeldonNet):
        raise UsageError("the run was trained on bags and cannot score images")
    return net


def spell_layout(recipe: Recipe, net: WeldonNet) -> str:
    """Return how the network sees a picture."""
    transform = eval_transform(recipe, net)
    if isinstance(transform, Tiling):
        return f"own pixels, tiles of {transform.tile} px with {transform.overlap} px overlap"
    laid = "aspect kept" if recipe.resize == "keep" else "warped to a square"
    return f"{recipe.image_size} px, {laid}"


def window_words(recipe: Recipe) -> list[str]:
    """Return how grey values are read, in one line; none where nobody said."""
    if recipe.window is None:
        return []
    low, high = recipe.window
    return [f"{low:g} is black and {high:g} white in DICOM and in grey pictures of more than 8 bits"]
