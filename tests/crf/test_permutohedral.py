"""The lattice around points, against the naive one with a dict."""

from __future__ import annotations

import pytest
import torch

from reference.dense_crf import elevate as naive_elevate
from reference.dense_crf import simplex_corners
from weldon.crf.permutohedral import build_permutohedral, cell_numbering, elevate, sort_axes
from weldon.errors import UsageError


def points(dimensions, count, *, spread=4.0):
    generator = torch.Generator().manual_seed(dimensions)
    return spread * torch.randn(dimensions, count, generator=generator)


@pytest.mark.parametrize("dimensions", [1, 2, 5, 6])
def test_elevated_points_lie_in_the_plane_and_agree_with_the_naive_ones(dimensions):
    features = points(dimensions, 20)
    elevated = elevate(features)
    naive = torch.tensor([naive_elevate(column) for column in features.t().tolist()]).t()
    torch.testing.assert_close(elevated, naive, rtol=1e-5, atol=1e-5)
    assert elevated.sum(0).abs().max() < 1e-4


@pytest.mark.parametrize("dimensions", [1, 2, 5, 6])
def test_weights_are_barycentric(dimensions):
    lattice = build_permutohedral(points(dimensions, 200))
    assert lattice.weights.min() >= -1e-6
    torch.testing.assert_close(lattice.weights.sum(1), torch.ones(200))


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_points_share_exactly_the_vertices_of_the_naive_lattice(dimensions):
    features = points(dimensions, 60, spread=1.5)
    lattice = build_permutohedral(features)
    naive = [dict(simplex_corners(naive_elevate(column))) for column in features.t().tolist()]
    assert len(lattice.starts) - 1 == len(set().union(*naive))
    for i in range(60):
        for j in range(60):
            shared = set(lattice.vertices[i].tolist()) & set(lattice.vertices[j].tolist())
            assert len(shared) == len(naive[i].keys() & naive[j].keys())
        expected = sorted(naive[i].values())
        assert sorted(lattice.weights[i].tolist()) == pytest.approx(expected, abs=1e-5)


def test_a_vertex_lists_the_corners_that_are_it_in_ascending_order():
    lattice = build_permutohedral(points(2, 50, spread=1.0))
    flat = lattice.vertices.view(-1)
    for vertex, (start, stop) in enumerate(lattice.starts.unfold(0, 2, 1).tolist()):
        listed = lattice.order[start:stop]
        assert (flat[listed.long()] == vertex).all()
        assert (listed.diff() > 0).all()
    assert sorted(lattice.order.tolist()) == list(range(150))


@pytest.mark.parametrize("dimensions", [2, 5])
def test_up_and_down_undo_each_other(dimensions):
    lattice = build_permutohedral(points(dimensions, 300, spread=1.0))
    found = 0
    for itself, up, down in (sides.long().unbind(1) for sides in lattice.neighbours):
        assert (itself == torch.arange(len(itself))).all()
        has_up = up != itself
        assert (down[up[has_up]] == itself[has_up]).all()
        assert has_up.sum() == (down != itself).sum()
        found += int(has_up.sum())
    assert found > 100


def test_equal_offsets_put_the_lower_axis_first():
    axes = 7 - (sort_axes(torch.tensor([[0.0], [0.25], [0.0], [0.25]])) & 7)
    assert axes.squeeze(1).tolist() == [1, 3, 0, 2]


def test_groups_of_points_share_no_vertex_and_look_alike():
    features = points(5, 40)
    alone = build_permutohedral(features)
    both = build_permutohedral(torch.cat([features, features], dim=1), groups=2)
    count = len(alone.starts) - 1
    assert len(both.starts) - 1 == 2 * count
    assert torch.equal(both.vertices, torch.cat([alone.vertices, alone.vertices + count]))
    assert torch.equal(both.weights, torch.cat([alone.weights, alone.weights]))
    for one, two in zip(alone.neighbours, both.neighbours, strict=True):
        assert torch.equal(two, torch.cat([one, one + count]))


def test_wide_keys_give_the_same_lattice_as_narrow_ones():
    features = points(5, 100, spread=2.0)
    far = torch.tensor([[300.0], [-200.0], [400.0], [-100.0], [200.0]])
    narrow = build_permutohedral(features)
    wide = build_permutohedral(torch.cat([features, far], dim=1))
    _, _, cells = cell_numbering(elevate(torch.cat([features, far], dim=1)).round(), groups=1)
    assert cells > 2**31
    assert torch.equal(wide.weights[:100], narrow.weights)
    same_narrow = narrow.vertices.view(-1)[:, None] == narrow.vertices.view(-1)
    same_wide = wide.vertices[:100].reshape(-1)[:, None] == wide.vertices[:100].reshape(-1)
    assert torch.equal(same_narrow, same_wide)


def test_one_point_is_a_lattice():
    lattice = build_permutohedral(torch.zeros(2, 1))
    assert sorted(lattice.vertices[0].tolist()) == [0, 1, 2]
    assert lattice.weights.max() == 1


def test_more_cells_than_int64_can_number_are_refused():
    features = torch.tensor([[0.0, 1e6]] * 5) * torch.tensor([[1.0], [-1.0], [1.0], [-1.0], [1.0]])
    with pytest.raises(UsageError, match="larger standard deviations"):
        build_permutohedral(features)
