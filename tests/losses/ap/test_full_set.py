import pytest
import torch
from torch import nn

from weldon.errors import UsageError
from weldon.losses import FullSetAPLoss, ap_loss


def small_set(generator, rows=50):
    images = torch.randn(rows, 6, generator=generator).double()
    target = (torch.rand(rows, 3, generator=generator) < 0.3).double()
    return images, target, torch.rand(rows, 3, generator=generator) < 0.9


def network():
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).double()


def gradients(net):
    return torch.cat([parameter.grad.flatten() for parameter in net.parameters()])


@pytest.mark.parametrize("options", [{}, {"normalize": False, "scale": 0.1}, {"method": "greedy"}])
@pytest.mark.parametrize("chunk", [1, 7, 50])
def test_chunks_add_up_to_the_gradient_of_the_whole_set(generator, options, chunk):
    (images, target, known), net = small_set(generator), network()
    whole = ap_loss(net(images), target, known, **options)
    whole.backward()
    expected = gradients(net)
    net.zero_grad()
    loss = FullSetAPLoss(**options)
    value = loss.fix(net(images), target, known)
    for rows in torch.randperm(50, generator=generator).split(chunk):
        loss(net(images[rows]), rows).backward()
    torch.testing.assert_close(value, whole.detach(), rtol=1e-14, atol=0)
    torch.testing.assert_close(gradients(net), expected, rtol=1e-11, atol=1e-13)


def test_fix_keeps_no_graph(generator):
    (images, target, _), net = small_set(generator), network()
    loss = FullSetAPLoss()
    assert not loss.fix(net(images), target).requires_grad
    assert not loss.coefficients.requires_grad


def test_unknown_cells_may_hold_anything(generator):
    images, target, known = small_set(generator)
    scores = network()(images).detach().masked_fill(~known, float("nan")).requires_grad_()
    loss = FullSetAPLoss()
    loss.fix(scores, target, known)
    loss(scores, torch.arange(50)).backward()
    assert scores.grad.isfinite().all()


def test_scores_that_moved_since_pass_1_are_refused(generator):
    (images, target, _), net = small_set(generator), network()
    loss = FullSetAPLoss()
    scores = net(images).detach()
    loss.fix(scores, target)
    with pytest.raises(
        UsageError, match=r"must be those of pass 1, got .* for row \d+, class \d.*evaluation mode"
    ):
        loss(scores + 0.3, torch.arange(50))


def test_old_coefficients_may_be_used_on_request(generator):
    (images, target, _), net = small_set(generator), network()
    loss = FullSetAPLoss(tolerance=None)
    scores = net(images).detach()
    loss.fix(scores, target)
    expected = (loss.coefficients * (scores + 0.3)).sum()
    torch.testing.assert_close(loss(scores + 0.3, torch.arange(50)), expected)


def test_chunks_before_pass_1_are_refused():
    with pytest.raises(UsageError, match="`fix` must be called"):
        FullSetAPLoss()(torch.zeros(2, 3), torch.arange(2))


def test_a_chunk_of_another_length_is_refused(generator):
    (images, target, _), net = small_set(generator), network()
    loss = FullSetAPLoss()
    loss.fix(net(images), target)
    with pytest.raises(UsageError, match=r"`scores` must be \(n, C\) = \(4, 3\), got \(5, 3\)"):
        loss(net(images[:5]), torch.arange(4))


def test_chunks_may_name_their_images(generator):
    (images, target, known), net = small_set(generator), network()
    scores = net(images).detach()
    index = torch.randperm(500, generator=generator)[:50]
    by_row, by_index = FullSetAPLoss(), FullSetAPLoss()
    by_row.fix(scores, target, known)
    by_index.fix(scores, target, known, index=index)
    rows = torch.tensor([7, 0, 49, 7])
    assert torch.equal(by_index(scores[rows], index[rows]), by_row(scores[rows], rows))


def test_images_that_pass_1_did_not_see_are_refused(generator):
    (images, target, _), net = small_set(generator), network()
    loss = FullSetAPLoss()
    loss.fix(net(images), target, index=2 * torch.arange(50))
    for stranger in (3, 500, -1):
        with pytest.raises(UsageError, match=f"must be images of pass 1, got index {stranger}"):
            loss(net(images[:2]), torch.tensor([4, stranger]))


def test_an_index_with_repetitions_is_refused(generator):
    (images, target, _), net = small_set(generator), network()
    with pytest.raises(
        UsageError, match=r"`index` must be \(N,\) = \(50,\) int64 without repetition.* 49 different"
    ):
        FullSetAPLoss().fix(net(images), target, index=torch.arange(50).clamp(min=1))
