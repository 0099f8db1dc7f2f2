"""One pass gives scores, maps and weights that belong together, padding excluded."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from weldon.errors import UsageError
from weldon.inference.forward import forward_with_weights
from weldon.models import create_bag_model, create_model


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def mask_of(rows: int) -> torch.Tensor:
    """Two canvases: the first is full, of the second the upper rows are picture."""
    return torch.stack([torch.full((64, 64), True), (torch.arange(64) < rows)[:, None].expand(64, 64)])


@pytest.mark.parametrize(
    ("pool", "options"),
    [("weldon", {"k_max": 2, "k_min": 1}), ("wildcat", {"maps_per_class": 3, "alpha": 0.5}), ("avg", {})],
)
def test_the_weighted_regions_of_the_maps_add_up_to_the_scores(images, pool, options):
    net = create_model("test_resnet", 3, weights="none", pool=pool, **options).eval()
    answers = forward_with_weights(net, images, mask_of(32))
    torch.testing.assert_close(answers.scores, net(images, mask_of(32)).detach())
    parts = (answers.class_maps * (answers.positive + answers.negative)).sum((2, 3))
    torch.testing.assert_close(parts, answers.scores, rtol=1e-5, atol=1e-6)


def test_no_region_of_padding_has_a_weight(images):
    net = create_model("test_resnet", 3, weights="none", pool="avg").eval()
    weights = forward_with_weights(net, images, mask_of(32)).positive  # (2, 3, 2, 2)
    assert weights[0].unique().tolist() == [0.25]
    assert weights[1, 0].tolist() == [[0.5, 0.5], [0.0, 0.0]]


def test_what_comes_out_needs_no_graph_and_no_other_precision(images):
    net = create_model("test_resnet", 3, weights="none").double().eval()
    for part in forward_with_weights(net, images.double(), mask_of(64)):
        assert part.dtype == torch.float32
        assert not part.requires_grad


def test_a_pooling_that_cannot_say_what_it_used_is_named(images):
    class Sum(nn.Module):
        def forward(self, regions, mask=None):
            return regions.sum((2, 3))

    net = create_model("test_resnet", 3, weights="none").eval()
    net.pool = Sum()
    with pytest.raises(UsageError, match="must be a RegionPool, which weighs its regions, got Sum"):
        forward_with_weights(net, images, mask_of(64))


@pytest.mark.parametrize("maps_per_class", [1, 3])
def test_the_weighted_instances_of_a_bag_add_up_to_its_scores(maps_per_class):
    net = create_bag_model(4, 2, pool="wildcat", k_max=2, k_min=1, maps_per_class=maps_per_class).eval()
    bags = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    answers = forward_with_weights(net, bags, mask)
    assert answers.class_maps.shape == (2, 2, 5)
    torch.testing.assert_close(answers.scores, net(bags, mask).detach())
    parts = (answers.class_maps * (answers.positive + answers.negative)).sum(2)
    torch.testing.assert_close(parts, answers.scores, rtol=1e-5, atol=1e-6)
    assert not answers.positive[1, :, 3:].any()
