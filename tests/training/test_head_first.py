"""A network whose layers all learn begins with a head fitted on the maps of its unchanged backbone."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from weldon.data import Record
from weldon.losses import logistic_loss
from weldon.models import create_bag_model
from weldon.runs.recipe_file import build_recipe
from weldon.training.head_first import fit_head_first, fits_head_first, say_what_it_reaches
from weldon.training.inputs.images import IMAGES
from weldon.training.inputs.inputs import Prepared
from weldon.training.scoring import score_set

COLOURS = {"red": (200, 30, 30), "blue": (30, 30, 200)}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder, records = tmp_path_factory.mktemp("pictures"), []
    for number in range(24):
        name = list(COLOURS)[number % 2]
        shade = tuple(value + number for value in COLOURS[name])
        path = folder / f"{number}.png"
        Image.new("RGB", (64, 64), shade).save(path)
        records.append(Record(path, path.name, frozenset({name})))
    return Prepared(tuple(records), (), (), tuple(COLOURS), "multilabel", IMAGES)


@pytest.fixture
def recipe(tmp_path, pretrained):
    def make(**options):
        given = {"data": ".", "model": "test_resnet", "weights": str(pretrained), "image_size": 64}
        return build_recipe(given | {"cache": tmp_path} | options)

    return make


def test_the_head_has_learnt_and_the_backbone_has_not_changed(recipe, prepared):
    chosen = recipe()
    torch.manual_seed(0)
    net = IMAGES.build_net(chosen, prepared)
    before = {name: value.clone() for name, value in net.backbone.state_dict().items()}
    loader = IMAGES.loader(chosen, net, prepared.train, prepared.classes)
    losses = [_loss(net, loader)]
    fit_head_first(chosen, net, prepared)
    losses.append(_loss(net, loader))
    assert losses[1] < losses[0] / 2
    for name, value in net.backbone.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(part.requires_grad for part in net.parameters())


def test_the_state_of_chance_is_what_it_was(recipe, prepared):
    chosen = recipe()
    net = IMAGES.build_net(chosen, prepared)
    torch.manual_seed(7)
    fit_head_first(chosen, net, prepared)
    drawn = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))


@pytest.mark.parametrize(
    ("options", "fitted"),
    [
        ({}, True),
        ({"weights": "none"}, False),
        ({"head_first": False}, False),
        ({"freeze": True}, False),
        ({"devices": 2}, False),
    ],
)
def test_it_is_fitted_where_all_layers_learn_from_weights_that_know_something(
    recipe, prepared, options, fitted
):
    net = IMAGES.build_net(recipe(), prepared)
    assert fits_head_first(recipe(**options), net) is fitted


def test_a_network_of_bags_has_no_backbone_to_keep(recipe):
    assert not fits_head_first(recipe(), create_bag_model(4, 2))


def test_all_layers_are_in_training_mode_afterwards(recipe, prepared):
    chosen = recipe(batch_norm="batch")
    net = IMAGES.build_net(chosen, prepared)
    fit_head_first(chosen, net, prepared)
    assert all(module.training for module in net.modules())
    say_what_it_reaches(net, IMAGES.loader(chosen, net, prepared.train, prepared.classes), "multilabel")
    assert all(module.training for module in net.modules())


@pytest.mark.parametrize(
    ("task", "said"), [("multilabel", "val/map 1.0000"), ("multiclass", "val/accuracy 1.0000")]
)
def test_what_the_head_alone_reaches_is_said(recipe, prepared, caplog, task, said):
    chosen = recipe()
    net = IMAGES.build_net(chosen, prepared)
    assert fit_head_first(chosen, net, prepared)
    with caplog.at_level("INFO", "weldon"):
        say_what_it_reaches(net, IMAGES.loader(chosen, net, prepared.train, prepared.classes), task)
    assert f"the head alone  {said}" in caplog.text


def test_a_loss_of_the_whole_set_takes_one_step_an_epoch_and_fits_none(recipe, prepared):
    chosen = recipe(loss="ap", ap_scope="set")
    net = IMAGES.build_net(chosen, prepared)
    before = net.transfer.weight.clone()
    assert not fit_head_first(chosen, net, prepared)
    assert torch.equal(net.transfer.weight, before)


def _loss(net, loader):
    seen = score_set(net, loader)
    return float(logistic_loss(seen.scores, seen.target, seen.known))
