"""Heads side by side learn exactly what each learns alone."""

from __future__ import annotations

import pytest
import torch

from fixtures.cached_maps import CLASSES, made_up_maps
from weldon import device
from weldon.losses import APLoss, logistic_loss
from weldon.models import create_model
from weldon.pooling import LSEPool, MaxPool
from weldon.training.heads import MOMENTUM, Heads, Setting, fit_heads, score_heads


@pytest.mark.parametrize("masked", [False, True])
def test_heads_of_average_pooling_score_as_each_alone(masked):
    net = create_model("test_resnet", len(CLASSES), weights="none", pool="avg")
    net.transfer = torch.nn.Conv2d(16, len(CLASSES), 1)
    batch = made_up_maps(10).__getitems__(list(range(10)))
    mask = batch["mask"] if masked else torch.ones_like(batch["mask"])
    heads = Heads(net, SETTINGS)
    with torch.no_grad():
        heads.transfers[1].weight.mul_(2)
        found = heads(batch["features"], mask)
    for transfer, scores in zip(heads.transfers, found, strict=True):
        torch.testing.assert_close(scores, net.pool(transfer(batch["features"].float()), mask))


SETTINGS = (Setting(0.3, 1e-3), Setting(0.03, 1e-2))


@pytest.fixture
def net():
    net = create_model("test_resnet", len(CLASSES), weights="none", k_max=2, k_min=1)
    net.transfer = torch.nn.Conv2d(16, len(CLASSES), 1)
    return net


def ap_losses(count):
    def made():
        loss = APLoss()
        return lambda scores, batch: loss(scores, batch["target"], batch["known"])

    return [made() for _ in range(count)]


def losses(heads):
    return [
        lambda scores, batch: logistic_loss(scores, batch["target"], batch["known"]) for _ in heads.settings
    ]


def test_side_by_side_is_one_by_one(net):
    dataset = made_up_maps(40)
    together = Heads(net, SETTINGS)
    fit_heads(together, dataset, range(40), losses(together), epochs=3, batch_size=16, seed=1)
    for place, setting in enumerate(SETTINGS):
        alone = Heads(net, [setting])
        fit_heads(alone, dataset, range(40), losses(alone), epochs=3, batch_size=16, seed=1)
        for one, other in zip(
            alone.transfers[0].parameters(), together.transfers[place].parameters(), strict=True
        ):
            torch.testing.assert_close(one, other)


def test_heads_that_share_a_loss_learn_what_each_learns_with_its_own(net):
    dataset = made_up_maps(40)
    apart, together = Heads(net, SETTINGS), Heads(net, SETTINGS)
    for heads, objectives in ((apart, ap_losses(2)), (together, ap_losses(1) * 2)):
        fit_heads(heads, dataset, range(40), objectives, epochs=3, batch_size=16, seed=1)
    for one, other in zip(apart.parameters(), together.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_heads_of_several_counts_pool_each_by_its_own(net):
    settings = [Setting(0.3, 1e-3, k_max=1, k_min=1), Setting(0.3, 1e-3, k_max=4, k_min=2)]
    batch = made_up_maps(6).__getitems__(list(range(6)))
    mixed = Heads(net, settings)
    assert not mixed.pools_alike
    alone = [Heads(net, [setting]) for setting in settings]
    assert all(heads.pools_alike for heads in alone)
    scores = mixed(batch["features"], batch["mask"])
    for score, heads in zip(scores, alone, strict=True):
        torch.testing.assert_close(score, heads(batch["features"], batch["mask"])[0])


def test_heads_whose_poolings_were_exchanged_pool_each_by_its_own(net):
    """As benchmarks do; one pooling for all would give every head the same scores."""
    heads = Heads(net, [Setting(0.1, 0.0)] * 2)
    assert heads.pools_alike
    heads.pools = torch.nn.ModuleList([MaxPool(), LSEPool(beta=1.0)])
    features, mask = torch.rand(2, 16, 3, 3), torch.ones(2, 3, 3, dtype=torch.bool)
    maps = net.transfer(features)
    for scores, pool in zip(heads(features, mask), heads.pools, strict=True):
        torch.testing.assert_close(scores, pool(maps, mask))
    heads.pools = torch.nn.ModuleList([LSEPool(beta=1.0), LSEPool(beta=9.0)])
    assert not heads.pools_alike


def test_a_step_is_sgd_with_decay_written_out(net):
    """One epoch of one batch: the first step of SGD at the first rate of the warm-up."""
    dataset, setting = made_up_maps(10), SETTINGS[0]
    batch = dataset.__getitems__(list(range(10)))
    weight = net.transfer.weight.detach().clone().requires_grad_()
    maps = torch.einsum("nfhw,cf->nchw", batch["features"].float(), weight[:, :, 0, 0])
    maps = maps + net.transfer.bias[None, :, None, None]
    loss = logistic_loss(net.pool(maps, batch["mask"]), batch["target"], batch["known"])
    (gradient,) = torch.autograd.grad(loss, weight)
    heads = Heads(net, [setting])
    fit_heads(heads, dataset, range(10), losses(heads), epochs=1, batch_size=10, seed=0)
    expected = weight - setting.lr * (gradient + setting.weight_decay * weight)  # momentum has nothing yet
    assert 0 < MOMENTUM < 1
    torch.testing.assert_close(heads.transfers[0].weight, expected)


def test_the_network_is_not_changed(net):
    before = {name: value.clone() for name, value in net.state_dict().items()}
    heads = Heads(net, SETTINGS)
    fit_heads(heads, made_up_maps(20), range(20), losses(heads), epochs=1, batch_size=10, seed=0)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_scores_are_those_of_the_network_with_the_head_put_in(net):
    dataset = made_up_maps(12)
    heads = Heads(net, SETTINGS)
    fit_heads(heads, dataset, range(12), losses(heads), epochs=2, batch_size=5, seed=0)
    net.transfer = heads.transfers[1]
    batch = dataset.__getitems__([3, 5])
    with torch.no_grad():
        expected = net.head(batch["features"], batch["mask"])
    torch.testing.assert_close(score_heads(heads, dataset, [3, 5])[1], expected)


def test_images_left_out_are_not_learnt_from(net):
    dataset, other = made_up_maps(20), made_up_maps(20)
    other.target[10:] = 1 - other.target[10:]
    first, second = Heads(net, SETTINGS), Heads(net, SETTINGS)
    fit_heads(first, dataset, range(10), losses(first), epochs=2, batch_size=5, seed=0)
    fit_heads(second, other, range(10), losses(second), epochs=2, batch_size=5, seed=0)
    assert torch.equal(first.transfers[0].weight, second.transfers[0].weight)


def test_heads_may_differ_in_their_counts(net):
    heads = Heads(net, [Setting(0.1, 0.0), Setting(0.1, 0.0, k_max=0.5, k_min=0)])
    assert [(pool.k_max, pool.k_min) for pool in heads.pools] == [(2, 1), (0.5, 0)]
    assert (net.pool.k_max, net.pool.k_min) == (2, 1)


@pytest.mark.parametrize(("few", "threads"), [(10**9, 1), (1, 2)])
def test_small_steps_are_taken_with_one_thread_and_the_number_comes_back(net, monkeypatch, few, threads):
    monkeypatch.setattr(device, "FEW_NUMBERS", few)
    seen = set()

    def loss(scores, batch):
        seen.add(torch.get_num_threads())
        return logistic_loss(scores, batch["target"], batch["known"])

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        heads = Heads(net, [Setting(0.1, 0.0)])
        fit_heads(heads, made_up_maps(8), range(8), [loss], epochs=1, batch_size=4, seed=0)
        assert (seen, torch.get_num_threads()) == ({threads}, 2)
    finally:
        torch.set_num_threads(before)
