"""Images become the network that the recipe describes, and files that cannot be read are left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from PIL import Image

from weldon.data import EvalTransform, Record
from weldon.errors import DataError, UsageError
from weldon.models import WeldonNet, create_bag_model, create_model
from weldon.runs.recipe_file import build_recipe
from weldon.training.features.map_key import map_facts
from weldon.training.inputs.images import (
    IMAGES,
    drop_unreadable,
    refuse_many_unreadable,
)
from weldon.training.inputs.inputs import Prepared
from weldon.training.scoring import score_set

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


@pytest.mark.parametrize("wanted", [True, False])
def test_the_backbone_is_compiled_where_the_recipe_says_so_and_its_maps_are_kept_apart(wanted):
    net = IMAGES.build_net(recipe(compile=wanted), PREPARED)
    assert net.backbone.compiled is wanted
    assert ("compiled" in map_facts(net, EvalTransform(64))) is wanted


def test_a_size_that_cuts_cells_is_refused_before_anything_is_trained():
    with pytest.raises(UsageError, match="image_size must be a multiple of 32"):
        IMAGES.build_net(recipe(image_size=50), PREPARED)


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
        ("Images", "64 px, warped to a square"),
    ]


@pytest.mark.parametrize(
    ("options", "fixed"),
    [({"weights": "default"}, True), ({"weights": "none"}, False), ({"batch_norm": "fixed"}, True)],
)
def test_batch_norm_keeps_the_statistics_of_weights_that_have_learnt_some(options, fixed, monkeypatch):
    def built(name, *arguments, **others):
        return create_model(name, *arguments, **others | {"weights": "none"})  # nothing is downloaded

    monkeypatch.setattr("weldon.training.inputs.images.create_model", built)
    made = recipe(**options)
    net = IMAGES.build_net(made, PREPARED).train()
    assert net.backbone.fixed_statistics is fixed
    assert net.backbone.model.bn1.training is not fixed
    said = "all layers trained but the statistics of BatchNorm;" in IMAGES.describe(made, PREPARED, net)[0]
    assert said is fixed


def test_maps_to_learn_from_are_computed_where_the_run_computes(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.new("RGB", (64, 64)).save(path)
    moved = []
    monkeypatch.setattr(WeldonNet, "to", lambda self, device: moved.append(device) or self)
    monkeypatch.setattr("weldon.training.inputs.images.choose_device", lambda device: f"chosen from {device}")
    prepared = replace(PREPARED, train=(Record(path, "a.png", frozenset({"cat"})),))
    made = recipe(freeze=True, device="cpu", cache=tmp_path / "cache")
    net = IMAGES.build_net(made, prepared)
    IMAGES.datasets(made, net, prepared)
    assert moved == ["chosen from cpu"]


def test_a_network_of_bags_cannot_look_at_images():
    with pytest.raises(UsageError, match="was trained on bags and cannot score images"):
        IMAGES.as_trained(create_bag_model(3, 2))


def of_tiles(**options):
    return build_recipe(
        {"data": ".", "model": "test_resnet", "weights": "none", "freeze": True, "tile": 128, **options}
    )


def test_tiles_that_cut_cells_are_refused_before_anything_is_trained():
    with pytest.raises(UsageError, match="tile must be a multiple of 32"):
        IMAGES.build_net(of_tiles(tile=100), PREPARED)
    with pytest.raises(UsageError, match="overlap must be a multiple of 32"):
        IMAGES.build_net(of_tiles(overlap=10), PREPARED)


def test_it_is_said_that_pictures_are_seen_by_tiles():
    net = IMAGES.build_net(of_tiles(), PREPARED)
    lines = IMAGES.describe(of_tiles(), PREPARED, net)
    assert lines[0].endswith("own pixels, tiles of 128 px with 64 px overlap")
    assert lines[1] == "pooling weldon: k+ = 20%, k- = 20%"
    assert ("Images", "own pixels, tiles of 128 px with 64 px overlap") in IMAGES.facts(of_tiles(), net, ())


@pytest.mark.filterwarnings("ignore:skipped")
def test_large_pictures_are_read_one_by_one_with_their_labels(tmp_path):
    for name, size in (("a.png", (333, 200)), ("c.png", (64, 40))):
        Image.new("RGB", size, "red").save(tmp_path / name)
    (tmp_path / "b.png").write_bytes(b"nothing")
    records = [Record(tmp_path / f"{n}.png", f"{n}.png", frozenset({"dog"}), weight=2.0) for n in "abc"]
    net = IMAGES.build_net(of_tiles(), PREPARED).eval()
    loader = IMAGES.loader(of_tiles(), net, records, ("cat", "dog"))
    batches = list(loader)
    assert len(loader) == 3
    assert [batch["regions"].shape for batch in batches] == [(1, 2, 6, 10), (1, 2, 1, 2)]
    assert [batch["index"].tolist() for batch in batches] == [[0], [2]]
    assert batches[0]["target"].tolist() == [[0.0, 1.0]]
    assert batches[0]["weight"].tolist() == [2.0]
    scored = score_set(net, batches)
    assert scored.scores.shape == (2, 2)
