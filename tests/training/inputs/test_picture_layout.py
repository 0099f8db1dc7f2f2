"""A picture lies on a canvas or is cut into tiles, as the recipe says, and its cells are found again."""

import pytest
from PIL import Image

from weldon.data import EvalTransform, Geometry, Record
from weldon.data.tiles import Tiling
from weldon.errors import UsageError
from weldon.models import create_bag_model, create_model
from weldon.runs.recipe_file import build_recipe
from weldon.training.inputs.picture_layout import (
    eval_transform,
    of_images,
    record_geometry,
    refuse_cut_cells,
    spell_layout,
    window_words,
)

CANVAS = build_recipe({"data": ".", "image_size": 64})
WARPED = build_recipe({"data": ".", "image_size": 64, "resize": "warp", "window": (0, 4095)})
TILES = build_recipe({"data": ".", "freeze": True, "tile": 128})


@pytest.fixture(scope="module")
def net():
    return create_model("test_resnet", 2, weights="none", mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))


@pytest.mark.parametrize(("size", "near"), [(447, "416 or 448"), (20, "32"), (33, "32 or 64")])
def test_the_nearest_sizes_are_named(size, near):
    refuse_cut_cells(448, 32)
    with pytest.raises(UsageError, match=f"got {size}: take {near}$"):
        refuse_cut_cells(size, 32)


def test_where_the_cells_of_an_image_lie_is_read_from_its_header(net, tmp_path):
    Image.new("RGB", (333, 200)).save(tmp_path / "a.png")
    record = Record(tmp_path / "a.png", "a.png", frozenset())
    assert record_geometry(TILES, net, record) == Geometry(333, 200, 32, "tiles")
    assert record_geometry(CANVAS, net, record) == Geometry(333, 200, 64, "keep")


def test_pictures_are_laid_and_told_as_the_recipe_says(net):
    kinds = [type(eval_transform(recipe, net)) for recipe in (CANVAS, WARPED, TILES)]
    assert kinds == [EvalTransform, EvalTransform, Tiling]
    warped = eval_transform(WARPED, net)
    assert (warped.resize, warped.image_size, warped.window) == ("warp", 64, (0, 4095))
    assert tuple(warped.mean) == pytest.approx((0.1, 0.2, 0.3))
    assert [spell_layout(recipe, net) for recipe in (CANVAS, WARPED, TILES)] == [
        "64 px, aspect kept",
        "64 px, warped to a square",
        "own pixels, tiles of 128 px with 64 px overlap",
    ]
    assert window_words(CANVAS) == []
    assert window_words(WARPED)[0].startswith("0 is black and 4095 white")


def test_a_network_of_bags_sees_no_pictures(net):
    assert of_images(net) is net
    with pytest.raises(UsageError, match="trained on bags"):
        of_images(create_bag_model(3, 2))
