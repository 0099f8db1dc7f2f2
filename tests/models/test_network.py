"""Backbone, transfer layer and pooling as one network."""

import pytest
import timm
import torch
from torch import nn

from weldon.data.transforms import normalised
from weldon.errors import UsageError
from weldon.models import WeldonNet, build_backbone, create_model
from weldon.pooling import MaxPool


@pytest.fixture
def net() -> WeldonNet:
    """A small network with random weights whose maps are not all alike."""
    net = create_model("test_resnet", 3, weights="none", k_max=2, k_min=1).eval()
    nn.init.normal_(net.transfer.weight)
    return net


@pytest.fixture
def images(generator) -> torch.Tensor:
    """Two images, a map of 4 x 3 cells."""
    return torch.randn(2, 3, 128, 96, generator=generator)


def test_resnet101_has_exactly_the_parameters_of_timms():
    with torch.device("meta"):
        net = create_model("resnet101", 20, weights="none")
        whole = timm.create_model("resnet101", num_classes=20)
    assert sum(p.numel() for p in net.parameters()) == sum(p.numel() for p in whole.parameters())


def test_score_is_pooled_from_the_maps_that_are_shown(net, images):
    with torch.no_grad():
        scores, maps = net(images, return_maps=True)
    assert maps.shape == (2, 3, 4, 3)
    ranked = maps.flatten(2).sort(dim=2, descending=True).values
    torch.testing.assert_close(scores, (ranked[..., :2].mean(dim=2) + ranked[..., -1]) / 2)
    torch.testing.assert_close(net(images), scores)


def test_pixels_and_cells_are_the_same_mask(net, images):
    cells = torch.ones(2, 4, 3, dtype=torch.bool)
    cells[1, 2:, :] = False
    pixels = cells.repeat_interleave(32, dim=1).repeat_interleave(32, dim=2)
    with torch.no_grad():
        torch.testing.assert_close(net(images, pixels), net(images, cells))


def test_masked_cells_do_not_reach_the_score(net, images):
    mask = torch.ones(2, 4, 3, dtype=torch.bool)
    mask[:, 2:, :] = False
    with torch.no_grad():
        features = net.features(images)
        masked = net.head(features, mask)
        cropped = net.head(features[:, :, :2, :])
    torch.testing.assert_close(masked, cropped)


def test_bags_of_regions_score_like_their_map(net, images):
    mask = torch.ones(2, 4, 3, dtype=torch.bool)
    mask[1, :, 2] = False
    with torch.no_grad():
        features = net.features(images)
        expected, maps = net.head(features, mask, return_maps=True)
        scores, bags = net.head(features.flatten(2), mask.flatten(1), return_maps=True)
    torch.testing.assert_close(scores, expected)
    torch.testing.assert_close(bags, maps.flatten(2))


def test_several_maps_a_class_are_shown_as_their_mean(images):
    net = create_model("test_resnet", 3, weights="none", pool="wildcat", maps_per_class=4, k_max=1).eval()
    assert net.transfer.out_channels == 12
    scores, maps = net(images, return_maps=True)
    assert maps.shape == (2, 3, 4, 3)
    torch.testing.assert_close(scores, (maps.amax(dim=(2, 3)) + 0.7 * maps.amin(dim=(2, 3))) / 2)


def test_transfer_layer_starts_small_with_no_bias():
    net = create_model("test_resnet", 50, weights="none", pool="wildcat")
    assert net.transfer.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not net.transfer.bias.any()


@pytest.mark.parametrize(
    ("pool", "given", "resolved"),
    [
        ("weldon", {}, {"k_max": 0.2, "k_min": 0.2}),
        ("weldon", {"k_max": 3}, {"k_max": 3, "k_min": 3}),
        ("weldon", {"k_max": 3, "k_min": 0}, {"k_max": 3, "k_min": 0}),
        ("wildcat", {"alpha": 0.5}, {"k_max": 0.2, "k_min": 0.2, "alpha": 0.5}),
        ("max", {}, {}),
    ],
)
def test_counts_default_to_a_fifth_and_to_each_other(pool, given, resolved):
    net = create_model("test_resnet", 2, weights="none", pool=pool, **given)
    assert net.config["pool_options"] == resolved


def test_count_for_a_pooling_without_counts_is_refused():
    with pytest.raises(UsageError, match="k_max"):
        create_model("test_resnet", 2, weights="none", pool="max", k_max=3)


def test_pooling_of_ones_own_is_taken(images):
    class Median(nn.Module):
        def forward(self, scores, mask=None):
            return scores.flatten(2).median(dim=2).values

    scores, maps = create_model("test_resnet", 2, weights="none", pool=Median()).eval()(
        images, return_maps=True
    )
    torch.testing.assert_close(scores, maps.flatten(2).median(dim=2).values)


@pytest.mark.parametrize("number", [0, 2.0, True])
def test_number_of_classes_must_be_a_count(number):
    with pytest.raises(UsageError, match="`num_classes` must be a whole number"):
        create_model("test_resnet", number, weights="none")


def test_frozen_backbone_keeps_its_statistics_in_training_mode(net, images):
    net.freeze_backbone()
    before = {key: value.clone() for key, value in net.backbone.state_dict().items()}
    net.train()
    net(images).sum().backward()
    assert all(torch.equal(value, before[key]) for key, value in net.backbone.state_dict().items())
    assert all(parameter.grad is None for parameter in net.backbone.parameters())
    assert net.transfer.weight.grad is not None
    assert net.training
    assert not any(module.training for module in net.backbone.modules())


def test_fine_tuned_backbone_moves_its_statistics(net, images):
    before = net.backbone.model.state_dict()["layer4.0.bn1.running_mean"].clone()
    net.train()(images)
    assert not torch.equal(net.backbone.model.state_dict()["layer4.0.bn1.running_mean"], before)


def test_fixed_statistics_stay_and_every_parameter_learns(net, images):
    net.train()
    net.backbone.fix_statistics()
    before = {name: value.clone() for name, value in net.backbone.named_buffers()}
    net.train()(images).sum().backward()
    assert before
    assert all(torch.equal(value, before[name]) for name, value in net.backbone.named_buffers())
    assert all(part.grad is not None for part in net.backbone.parameters())
    scores = net(images)
    assert torch.equal(scores, net.eval()(images))


def test_every_parameter_is_in_one_group_with_its_rate(net):
    groups = net.parameter_groups(0.1, lrp=0.1, weight_decay=1e-4)
    assert [(g["name"], g["weight_decay"]) for g in groups] == [("body", 1e-4), ("head", 1e-4)]
    assert [g["lr"] for g in groups] == pytest.approx([0.01, 0.1])
    together = [id(p) for g in groups for p in g["params"]]
    assert sorted(together) == sorted(id(p) for p in net.parameters())
    torch.optim.SGD(groups, lr=1.0, momentum=0.9)


def test_frozen_network_has_the_head_alone_in_its_groups(net):
    net.freeze_backbone()
    (group,) = net.parameter_groups(0.1)
    assert group["name"] == "head"
    assert len(group["params"]) == 2


def test_network_put_together_by_hand_works(images):
    net = WeldonNet(build_backbone("test_resnet", weights="none"), MaxPool(), 4).eval()
    scores, maps = net(images, return_maps=True)
    torch.testing.assert_close(scores, maps.amax(dim=(2, 3)))


def test_bytes_with_their_mask_are_scored_as_the_normalised_picture(generator):
    net = create_model("test_resnet", 3, weights="none", mean=(0.4, 0.5, 0.6), std=(0.2, 0.2, 0.3)).eval()
    pixels = torch.randint(0, 256, (2, 3, 64, 64), generator=generator, dtype=torch.uint8)
    mask = torch.ones(2, 64, 64, dtype=torch.bool)
    mask[1, :, 32:] = False
    known = normalised(pixels, (0.4, 0.5, 0.6), (0.2, 0.2, 0.3)) * mask.unsqueeze(1)
    with torch.no_grad():
        torch.testing.assert_close(net(pixels, mask), net(known, mask))
        assert net.double().prepared(pixels, mask).dtype == torch.float64
