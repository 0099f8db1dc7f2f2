"""Images become the network that the recipe describes, and files that cannot be read are left out."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from weldon.data import Record
from weldon.errors import DataError, UsageError
from weldon.models import WeldonNet, create_bag_model
from weldon.runs.recipe import build_recipe
from weldon.training.inputs.images import IMAGES, drop_unreadable, refuse_cut_cells, refuse_many_unreadable
from weldon.training.inputs.inputs import Prepared

PREPARED = Prepared((), (), (), ("cat", "dog"), "multilabel", IMAGES)


def recipe(**options):
    return build_recipe({"data": ".", "model": "test_resnet", "weights": "none", "image_size": 64, **options})


def test_a_network_of_images_has_the_pooling_and_the_classes_of_the_recipe():
    net = IMAGES.build_net(recipe(pool="wildcat", maps_per_class=3, k=2), PREPARED)
    assert isinstance(net, WeldonNet)
    assert net.transfer.out_channels == 2 * 3
    assert net(torch.rand(1, 3, 64, 64)).shape == (1, 2)


def test_the_colours_that_the_weights_saw_are_those_of_the_recipe():
    net = IMAGES.build_net(recipe(mean="0.1,0.2,0.3", std="0.4,0.5,0.6"), PREPARED)
    assert tuple(net.backbone.mean) == pytest.approx((0.1, 0.2, 0.3))
    assert tuple(net.backbone.std) == pytest.approx((0.4, 0.5, 0.6))


def test_a_size_that_cuts_cells_is_refused_before_anything_is_trained():
    with pytest.raises(UsageError, match="image_size must be a multiple of 32"):
        IMAGES.build_net(recipe(image_size=50), PREPARED)


@pytest.mark.parametrize(("size", "near"), [(447, "416 or 448"), (20, "32"), (33, "32 or 64")])
def test_the_nearest_sizes_are_named(size, near):
    refuse_cut_cells(448, 32)
    with pytest.raises(UsageError, match=f"got {size}: take {near}$"):
        refuse_cut_cells(size, 32)


def test_a_few_unreadable_files_are_borne_and_more_are_not():
    lost = [("a.jpg", "is empty"), ("b.jpg", "is cut short")]
    refuse_many_unreadable(lost, 40)
    refuse_many_unreadable(lost * 5, 1000)
    with pytest.raises(
        DataError, match=r"2 of 39 files cannot be read.*\n  a\.jpg: is empty\n  b\.jpg: is cut"
    ):
        refuse_many_unreadable(lost, 39)


def test_an_unreadable_file_leaves_every_split_and_is_named(tmp_path):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    Image.new("RGB", (4, 4)).save(good)
    bad.write_bytes(b"no picture")
    records = tuple(Record(good, f"{number}.png", frozenset("x")) for number in range(100))
    broken = Record(bad, "bad.png", frozenset("x"))
    prepared = Prepared(records, (*records[:1], broken), (), ("x",), "multiclass", IMAGES)
    kept, lost = drop_unreadable(prepared)
    assert (len(kept.train), len(kept.val)) == (100, 1)
    assert [name for name, _ in lost] == ["bad.png"]


def test_the_lines_before_training_name_backbone_canvas_and_pooling():
    made = recipe(k="20%", pool="weldon", freeze=True)
    net = IMAGES.build_net(made, PREPARED)
    assert IMAGES.describe(made, PREPARED, net) == [
        "backbone test_resnet, frozen, maps cached; 64 px, aspect kept",
        "pooling weldon: k+ = 20% → 1 of 4 regions, k- = 20% → 1 of 4 regions "
        "(a share counts the photograph's own cells, not the padding)",
    ]
    warped = recipe(pool="max", resize="warp")
    assert IMAGES.facts(warped, IMAGES.build_net(warped, PREPARED), ()) == [
        ("Model", "test_resnet, all layers trained"),
        ("Pooling", "max"),
        ("Images", "64 px, warped"),
    ]


def test_a_network_of_bags_cannot_look_at_images():
    with pytest.raises(UsageError, match="was trained on bags and cannot score images"):
        IMAGES.as_trained(create_bag_model(3, 2))
