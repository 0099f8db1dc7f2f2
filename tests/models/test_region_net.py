"""Transfer layer and pooling, on features written by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from weldon.data.geometry import Geometry
from weldon.errors import UsageError
from weldon.models import cell_mask
from weldon.models.region_net import RegionNet, average_scores
from weldon.pooling import average_pool, build_pooling


def covered_share(mask: np.ndarray, row: int, column: int, grid: tuple[int, int]) -> float:
    """Share of one cell that is real, pixel by pixel."""
    (height, width), (rows, columns) = mask.shape, grid
    total = 0.0
    for y in range(height):
        for x in range(width):
            tall = max(0.0, min((row + 1) * height / rows, y + 1) - max(row * height / rows, y))
            wide = max(0.0, min((column + 1) * width / columns, x + 1) - max(column * width / columns, x))
            total += mask[y, x] * tall * wide
    return total * rows * columns / (height * width)


@pytest.mark.parametrize(("side", "grid"), [(12, (3, 3)), (12, (4, 2)), (14, (4, 4)), (15, (4, 5))])
def test_cell_is_real_when_at_least_half_of_its_pixels_are(side, grid, generator):
    mask = torch.rand(6, side, side, generator=generator) > 0.5
    mask[:, : side // 2] = True
    shares = np.array(
        [
            [[covered_share(m, r, c, grid) for c in range(grid[1])] for r in range(grid[0])]
            for m in mask.numpy()
        ]
    )
    assert np.array_equal(cell_mask(mask, grid).numpy(), shares >= 0.5 - 1e-6)


@pytest.mark.parametrize("size", [(640, 480), (500, 333), (100, 400), (37, 41), (1000, 20)])
@pytest.mark.parametrize(("canvas", "cells"), [(448, 14), (224, 7), (225, 8), (518, 37)])
def test_cells_agree_with_the_geometry_of_a_picture(size, canvas, cells):
    geometry = Geometry(*size, canvas)
    across, down = geometry.valid
    mask = torch.zeros(1, canvas, canvas, dtype=torch.bool)
    mask[:, :down, :across] = True
    rows, columns = geometry.real_cells((cells, cells))
    expected = torch.zeros(1, cells, cells, dtype=torch.bool)
    expected[:, :rows, :columns] = True
    assert torch.equal(cell_mask(mask, (cells, cells)), expected)


def test_thin_picture_keeps_its_most_covered_cells():
    mask = torch.zeros(2, 8, 8, dtype=torch.bool)
    mask[0, 0, :6] = True  # a quarter of the first cell, an eighth of the second
    mask[1, :, :] = True
    assert cell_mask(mask, (2, 2)).tolist() == [[[True, False], [False, False]], [[True, True], [True, True]]]


def test_image_without_pixels_has_no_cells():
    assert not cell_mask(torch.zeros(1, 8, 8, dtype=torch.bool), (2, 2)).any()


def test_mask_of_cells_is_kept():
    mask = torch.tensor([[[True, False]]])
    assert cell_mask(mask, (1, 2)) is mask


def test_mask_is_exact_under_autocast():
    mask = torch.zeros(1, 448, 448, dtype=torch.bool)
    mask[:, :336, :] = True  # 10.5 rows of cells
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert cell_mask(mask, (14, 14)).any(dim=2).sum() == 11


@pytest.mark.parametrize("mask", [torch.ones(1, 4, 4), torch.ones(4, 4, dtype=torch.bool)])
def test_mask_of_another_kind_is_refused(mask):
    with pytest.raises(UsageError, match=r"`mask` must be \(N, H, W\) bool"):
        cell_mask(mask, (2, 2))


class Plain(RegionNet):
    """Features are what comes in."""

    def features(self, x):
        return x


class Highest(nn.Module):
    """A pooling of one's own: it neither counts maps nor averages them."""

    def forward(self, regions, mask=None):
        flat = regions.flatten(2)
        return flat.amax(2) if mask is None else flat.masked_fill(~mask.flatten(1)[:, None], -9).amax(2)


def net(pool: nn.Module, *, weight: list[list[float]], classes: int) -> Plain:
    """A network whose transfer layer has these weights, a row a map."""
    made = Plain(len(weight[0]), pool, classes)
    with torch.no_grad():
        made.transfer.weight.copy_(torch.tensor(weight)[:, :, None, None])
    return made


MAP = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [1.0, -1.0]]]])  # (1, 2, 2, 2)


def test_scores_and_maps_by_hand():
    made = net(Highest(), weight=[[1.0, 0.0], [-1.0, 2.0]], classes=2)
    scores, maps = made(MAP, return_maps=True)
    assert maps.tolist() == [[[[1, 2], [3, 4]], [[-1, -2], [-1, -6]]]]
    assert scores.tolist() == [[4.0, -1.0]]
    assert torch.equal(made(MAP), scores)


def test_a_mask_of_pixels_becomes_one_of_cells():
    made = net(Highest(), weight=[[1.0, 0.0]], classes=1)
    pixels = torch.zeros(1, 8, 8, dtype=torch.bool)
    pixels[:, :4] = True  # the upper two cells
    assert made(MAP, pixels).tolist() == [[2.0]]
    assert made(MAP, torch.tensor([[[True, True], [False, False]]])).tolist() == [[2.0]]


def test_a_bag_is_scored_like_the_map_of_its_regions():
    made = net(Highest(), weight=[[1.0, 0.0], [-1.0, 2.0]], classes=2)
    bag, mask = MAP.flatten(2), torch.tensor([[True, True, True, False]])
    assert torch.equal(made(bag), made(MAP))
    assert made(bag, mask).tolist() == [[3.0, -1.0]]
    assert made(bag, return_maps=True)[1].shape == (1, 2, 4)


def test_several_maps_of_a_class_lie_side_by_side_and_are_shown_as_their_mean():
    pool = build_pooling("wildcat", maps_per_class=2, k_max=1, k_min=0)
    made = net(pool, weight=[[1.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, -1.0]], classes=2)
    scores, maps = made(MAP, return_maps=True)
    assert maps.tolist() == [[[[2, 4], [6, 8]], [[0, 0], [0, 0]]]]
    assert scores.tolist() == [[8.0, 0.0]]


def test_every_class_starts_near_one_half():
    made = Plain(400, Highest(), 3)
    assert made.transfer.bias.tolist() == [0.0] * 3
    assert made.transfer.weight.std().item() == pytest.approx(0.01, rel=0.2)
    assert made.config == {}


def test_the_body_is_for_subclasses_to_say():
    with pytest.raises(NotImplementedError):
        RegionNet(2, Highest(), 1)(MAP)


@pytest.mark.parametrize("classes", [0, -1, 2.0, True, "2"])
def test_classes_are_counted(classes):
    with pytest.raises(UsageError, match=r"`num_classes` must be a whole number, at least 1, got "):
        RegionNet(2, Highest(), classes)


def test_pooling_learns_beside_the_transfer_layer_at_one_rate():
    pool = Highest()
    pool.temperature = nn.Parameter(torch.ones(1))
    (group,) = RegionNet(2, pool, 1).parameter_groups(0.5, 0.1, 0.25)
    assert (group["name"], group["lr"], group["weight_decay"]) == ("head", 0.5, 0.25)
    assert len(group["params"]) == 3  # weight, bias, temperature


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("size", [(4, 5), (20,)], ids=["maps", "bag"])
def test_average_pooling_takes_the_mean_before_the_transfer_layer_and_changes_nothing(
    generator, masked, size
):
    features = torch.randn(3, 6, *size, generator=generator)
    mask = torch.rand(3, *size, generator=generator) > 0.4 if masked else None
    if masked:
        features[0, 2][~mask[0]] = torch.inf  # padding is no region, whatever stands there
    transfer = torch.nn.Conv2d(6, 4, 1)
    known = features.masked_fill(~mask.unsqueeze(1), 0.0) if masked else features
    maps = torch.einsum("nf...,cf->nc...", known, transfer.weight[:, :, 0, 0])
    bias = transfer.bias.view(4, *[1] * len(size))
    wanted = average_pool(maps + bias, mask)
    found = average_scores(features, mask, transfer.weight, transfer.bias)
    torch.testing.assert_close(found, wanted)
    for one, other in zip(
        torch.autograd.grad(found.square().sum(), list(transfer.parameters())),
        torch.autograd.grad(wanted.square().sum(), list(transfer.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.fixture
def halves(generator, monkeypatch):
    """Features as maps are cached: half precision, features last, more than one piece of them."""
    for name in ("CACHED", "SHARED"):
        monkeypatch.setattr(f"weldon.models.region_net.{name}", 64)
    return torch.randn(5, 2, 3, 8, generator=generator).half().permute(0, 3, 1, 2)  # (N, F, h, w)


@pytest.mark.parametrize("pool", ["weldon", "avg", "max"])
def test_maps_in_half_precision_score_and_learn_as_their_values_in_full(halves, pool):
    net = RegionNet(8, build_pooling(pool), 4)
    mask = torch.ones(5, 2, 3, dtype=torch.bool)
    mask[1, 1] = False
    answers = []
    for features in (halves, halves.float()):
        scores = net.head(features, mask)
        slopes = torch.autograd.grad(scores.square().sum(), list(net.transfer.parameters()))
        answers.append((scores.detach(), *slopes))
    for of_halves, of_floats in zip(*answers, strict=True):
        assert of_halves.dtype == torch.float32
        torch.testing.assert_close(of_halves, of_floats)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_the_precision_is_that_of_the_layer(halves, dtype):
    net = RegionNet(8, build_pooling("weldon"), 4).to(dtype)
    for features in (halves, halves.flatten(2)):
        scores = net.head(features)
        assert scores.dtype == dtype
        torch.testing.assert_close(scores, net.head(features.to(dtype)))


def test_autocast_takes_halves_as_it_takes_floats(halves):
    net = RegionNet(8, build_pooling("weldon"), 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(net.head(halves), net.head(halves.float()))


def test_no_images_in_half_precision_give_no_scores(halves):
    for pool in ("weldon", "avg"):
        assert RegionNet(8, build_pooling(pool), 4).head(halves[:0]).shape == (0, 4)
