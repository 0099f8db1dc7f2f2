"""The Triton kernel keeps the contract of the poolings: interpreted without a GPU, compiled with one."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("triton", reason="torch for CUDA brings triton, torch for CPUs does not")

from contracts.pooling import PoolingContract
from reference import pooling as reference
from weldon.pooling import WeldonPool, highest_lowest, weldon_pool
from weldon.pooling.highest_lowest import Ends
from weldon.pooling.highest_lowest_kernel import select_ends

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def kernel_and_sort(scores, mask, ends):
    """Scores and gradients of both ways."""
    answers = []
    for way in (select_ends, highest_lowest.select_by_sort):
        regions = scores.to(DEVICE).requires_grad_()
        pooled = way(regions, None if mask is None else mask.to(DEVICE), ends)
        weight = torch.arange(1.0, pooled.numel() + 1, device=DEVICE).view_as(pooled).to(pooled.dtype)
        (slope,) = torch.autograd.grad((pooled * weight).sum(), regions)
        assert slope.dtype == scores.dtype
        answers.append((pooled.detach(), slope))
    return zip(*answers, strict=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("masked", [False, True])
def test_kernel_is_the_sort_in_every_precision(dtype, masked, generator):
    scores = (3 * torch.randn(2, 1, 21, generator=generator, dtype=torch.float64)).to(dtype)
    mask = torch.ones(2, 21, dtype=torch.bool)
    mask[1, 5:] = False
    pooled, slope = kernel_and_sort(scores, mask if masked else None, Ends(0.2, 3, 0.7))
    torch.testing.assert_close(*pooled)
    torch.testing.assert_close(*slope)


@pytest.mark.parametrize("ends", [Ends(4, 2), Ends("all", 1), Ends(3, 0), Ends(1e-9, 0.999)], ids=str)
def test_of_equal_scores_at_an_edge_the_first_are_taken(ends):
    row = torch.tensor([0.0, 2.0, -0.0, 2.0, 2.0, -1.0, -1.0, 2.0, -1.0, 2.0, 0.0])
    pooled, slope = kernel_and_sort(row.view(1, 1, -1), None, ends)
    torch.testing.assert_close(*pooled)
    torch.testing.assert_close(*slope)


@pytest.mark.filterwarnings("ignore:invalid value")  # of the interpreter, at inf - inf
def test_infinite_scores_are_ranked_and_what_is_no_number_is_the_highest():
    rows = torch.tensor([[1.0, torch.inf, 3.0, -torch.inf, 2.0], [1.0, torch.nan, 3.0, -4.0, -torch.nan]])
    pooled, slope = kernel_and_sort(rows.unsqueeze(0), None, Ends(2, 1))
    torch.testing.assert_close(*pooled, equal_nan=True)
    assert torch.equal(next(iter(slope))[0, 0].cpu(), torch.tensor([0, 0.25, 0.25, 0.5, 0]))
    lows, _ = kernel_and_sort(rows.unsqueeze(0), None, Ends(1, 3))
    assert torch.equal(next(iter(lows)).isnan().cpu(), torch.tensor([[True, True]]))  # inf - inf; the mean


def test_what_stands_on_padding_neither_counts_nor_learns():
    scores = torch.tensor([[[5.0, torch.nan, 1.0, torch.inf]]])
    mask = torch.tensor([[True, False, True, False]])
    pooled, slope = kernel_and_sort(scores, mask, Ends(1, 1))
    assert [value.item() for value in pooled] == [3.0, 3.0]
    assert all(value.flatten().tolist() == [0.5, 0.0, 0.5, 0.0] for value in slope)


def test_no_images_give_no_scores():
    assert select_ends(torch.zeros(0, 3, 4, device=DEVICE), None, Ends(1, 1)).shape == (0, 3)


class KernelContract(PoolingContract):
    """What every pooling keeps to, with every selection in the kernel."""

    k_max, k_min = 0.2, 3

    @pytest.fixture(autouse=True)
    def kernel(self, monkeypatch):
        monkeypatch.setattr(highest_lowest, "choose_way", lambda regions, ends: "kernel")

    def build(self):
        return WeldonPool(k_max=self.k_max, k_min=self.k_min)

    def function(self, scores, mask=None):
        mask = None if mask is None else mask.to(DEVICE)
        return weldon_pool(scores.to(DEVICE), mask, k_max=self.k_max, k_min=self.k_min).to(scores.device)

    def naive(self, values):
        return reference.weldon(values, self.k_max, self.k_min)

    def selected(self, values):
        ordered = sorted(values)
        high, low = (reference.count(k, len(values)) for k in (self.k_max, self.k_min))
        return {*ordered[len(values) - high :], *ordered[:low]}

    @pytest.mark.parametrize("masked", [False, True])
    def test_gradient_is_exact(self, masked):
        """On six scores: each costs the interpreter two runs of the kernel."""
        scores = torch.randn(2, 1, 3, dtype=torch.float64, requires_grad=True)
        mask = torch.tensor([[True, True, True], [True, False, True]]) if masked else None
        assert torch.autograd.gradcheck(lambda s: self.function(s, mask), scores)

    test_module_is_the_function = None  # the module is given scores that lie elsewhere
    test_printed_module_shows_its_options = None


@pytest.mark.slow
class TestInterpretedKernel(KernelContract):
    @pytest.fixture(autouse=True)
    def interpreted(self):
        if DEVICE == "cuda":
            pytest.skip("the kernel runs on the GPU here")


@pytest.mark.gpu
class TestCompiledKernel(KernelContract):
    @pytest.fixture(autouse=True)
    def compiled(self):
        if DEVICE == "cpu":
            pytest.skip("needs a GPU")

    @pytest.mark.parametrize("regions", [1, 49, 196, 784, 3136, 16384])
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
    def test_every_length_of_row_agrees_with_the_sort(self, regions, dtype):
        scores = torch.randn(3, 40, regions, device=DEVICE).to(dtype)
        mask = torch.rand(3, regions, device=DEVICE) > 0.3
        mask[:, 0] = True
        for given in (None, mask):
            pooled, slope = kernel_and_sort(scores, given, Ends(0.2, 0.3, 0.7))
            torch.testing.assert_close(*pooled)
            torch.testing.assert_close(*slope)
