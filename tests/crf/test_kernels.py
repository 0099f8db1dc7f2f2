"""The normalised Gaussian filter: against the naive lattice, against the exact Gaussian, and its adjoint."""

from __future__ import annotations

import pytest
import torch

from reference.dense_crf import exact_kernel, lattice_filter
from weldon.crf.kernels import gaussian_kernel, kernel_sum, ragged_sums


def points(dimensions, count, *, spread=1.0):
    generator = torch.Generator().manual_seed(dimensions)
    return spread * torch.randn(dimensions, count, generator=generator)


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_kernel_is_the_naive_lattice_normalised(dimensions, generator):
    features = points(dimensions, 50)
    values = torch.randn(50, 3, generator=generator)
    root = lattice_filter(features.t(), torch.ones(50, 1)).rsqrt()
    expected = root * lattice_filter(features.t(), root * values)
    found = kernel_sum([gaussian_kernel(features)], [1.0])(values)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)


def test_kernel_is_nearly_the_exact_gaussian(generator):
    place = torch.stack(torch.meshgrid(torch.arange(20.0), torch.arange(20.0), indexing="xy")).view(2, -1) / 3
    values = torch.rand(400, 2, generator=generator)
    exact = exact_kernel(place.t().double()) @ values.double()
    found = kernel_sum([gaussian_kernel(place)], [1.0])(values)
    relative = (found - exact).abs() / exact
    assert relative.max() < 0.08
    assert relative.mean() < 0.03


def test_weights_scale_and_add_kernels(generator):
    near, far = gaussian_kernel(points(2, 40)), gaussian_kernel(points(5, 40))
    values = torch.randn(40, 4, generator=generator)
    alone = [kernel_sum([kernel], [1.0])(values) for kernel in (near, far)]
    together = kernel_sum([near, far], [3.0, 0.5])(values)
    torch.testing.assert_close(together, 3 * alone[0] + 0.5 * alone[1])


@pytest.mark.parametrize("dimensions", [2, 5])
def test_transpose_is_the_adjoint(dimensions, generator):
    kernel = kernel_sum([gaussian_kernel(points(dimensions, 80)).to(torch.float64)], [2.0])
    x, y = (torch.randn(80, 2, generator=generator, dtype=torch.float64) for _ in range(2))
    forward, backward = (kernel(x) * y).sum(), (x * kernel(y, transposed=True)).sum()
    torch.testing.assert_close(forward, backward, rtol=1e-12, atol=1e-12)


def test_a_constant_loses_nothing_but_the_normalisation():
    kernel = gaussian_kernel(torch.zeros(2, 7))  # seven points at one place
    torch.testing.assert_close(kernel_sum([kernel], [1.0])(torch.ones(7, 1)), torch.ones(7, 1))


def test_groups_filter_as_if_alone(generator):
    first, second = points(5, 60), points(5, 60, spread=2.0)
    values = torch.randn(120, 3, generator=generator)
    together = kernel_sum([gaussian_kernel(torch.cat([first, second], dim=1), groups=2)], [1.0])(values)
    alone = [
        kernel_sum([gaussian_kernel(part)], [1.0])(rows)
        for part, rows in zip((first, second), values.split(60), strict=True)
    ]
    assert torch.equal(together, torch.cat(alone))


def test_sums_in_pieces_equal_sums_in_one_go(generator):
    lengths = torch.tensor([1, 5, 64, 3, 200, 128, 65])
    starts = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)])
    rows = torch.randint(30, (int(starts[-1]),), generator=generator, dtype=torch.int32)
    weights = torch.rand(len(rows), generator=generator)
    table = torch.randn(30, 4, generator=generator)
    (whole,) = ragged_sums(rows, weights, starts)
    first, second = ragged_sums(rows, weights, starts, piece=64)
    assert first.offsets.diff().max() <= 64
    torch.testing.assert_close(second(first(table)), whole(table), rtol=1e-5, atol=1e-5)
