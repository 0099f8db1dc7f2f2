import itertools

import pytest
import torch

from reference.ranking import interleavings, pair_factor, violation
from weldon.errors import UsageError
from weldon.losses import LAPSVMLoss, ap_loss, best_regions, lapsvm_loss


def maps(generator, images=12, classes=2, shape=(3, 4)):
    target = (torch.arange(images).unsqueeze(1) % 3 == 0).expand(images, classes)
    return torch.randn(images, classes, *shape, generator=generator).double(), target


def test_loss_is_the_ranking_of_max_pooled_scores(generator):
    scores, target = maps(generator)
    scores.requires_grad_()
    two_step, pooled = lapsvm_loss(scores, target), ap_loss(scores.amax((2, 3)), target)
    assert torch.equal(two_step, pooled)
    assert torch.equal(*(torch.autograd.grad(loss, scores)[0] for loss in (two_step, pooled)))


def test_gradient_reaches_one_region_of_each_image(generator):
    scores, target = maps(generator)
    scores.requires_grad_()
    lapsvm_loss(scores, target).backward()
    reached = scores.grad.flatten(2) != 0
    assert (reached.sum(2) <= 1).all()
    assert (reached.int().argmax(2) == scores.flatten(2).argmax(2))[reached.any(2)].all()


def test_two_steps_solve_the_latent_learning_problem(generator):
    """Every ranking under every choice of the negatives' regions, answered by the best of the positives'."""
    labels = [1, 0, 1, 0]
    scores = torch.randn(4, 1, 2, generator=generator).double()
    factor = pair_factor(2, 2, normalize=True, scale=1.0)
    choices = [torch.tensor(choice) for choice in itertools.product(range(2), repeat=4)]
    table = [scores[torch.arange(4), 0, choice].tolist() for choice in choices]
    worst = -1.0
    for ranking in {tuple(r) for row in table for r in interleavings(row, labels)}:
        for negatives in itertools.product(range(2), repeat=2):
            answers = [
                violation(list(ranking), row, labels, factor)
                for row, choice in zip(table, choices, strict=True)
                if (choice[1], choice[3]) == negatives
            ]
            worst = max(worst, float(min(answers)))
    found = lapsvm_loss(scores, torch.tensor(labels).unsqueeze(1)).item()
    assert found == pytest.approx(worst, rel=1e-12)


def test_held_regions_bound_the_loss_and_touch_it_where_they_were_taken(generator):
    scores, target = maps(generator)
    regions = best_regions(scores)
    assert torch.equal(lapsvm_loss(scores, target, regions=regions), lapsvm_loss(scores, target))
    moved = scores + torch.randn(scores.shape, generator=generator).double()
    assert lapsvm_loss(moved, target, regions=regions) >= lapsvm_loss(moved, target)


def test_loss_is_convex_while_regions_are_held(generator):
    here, target = maps(generator)
    there = torch.randn(here.shape, generator=generator).double()
    regions = best_regions(here)
    middle, one, other = (
        lapsvm_loss(scores, target, regions=regions) for scores in ((here + there) / 2, here, there)
    )
    assert middle <= (one + other) / 2 + 1e-12


def test_padded_regions_are_never_chosen(generator):
    scores, target = maps(generator)
    real = torch.ones(12, 3, 4, dtype=torch.bool)
    real[:, :, 2:] = False
    expected = lapsvm_loss(scores[..., :2], target)
    assert torch.equal(
        lapsvm_loss(scores.masked_fill(~real.unsqueeze(1), 99.0), target, region_mask=real), expected
    )


def test_maps_and_bags_of_regions_are_the_same(generator):
    scores, target = maps(generator)
    assert torch.equal(lapsvm_loss(scores.flatten(2), target), lapsvm_loss(scores, target))


@pytest.mark.parametrize("training", [True, False])
def test_module_is_the_function(generator, training):
    scores, target = maps(generator)
    known = torch.rand(target.shape, generator=generator) < 0.9
    module = LAPSVMLoss(scale=2.0, reduction="none").train(training)
    assert torch.equal(
        module(scores, target, known), lapsvm_loss(scores, target, known, scale=2.0, reduction="none")
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"regions": torch.zeros(12, 3).long()}, r"`regions` must be \(N, C\) = \(12, 2\) int64"),
        ({"region_mask": torch.ones(12, 4, 3).bool()}, "`region_mask` must be bool of the regions' shape"),
        ({"region_mask": torch.zeros(12, 3, 4).bool()}, "must leave every image a real region"),
    ],
)
def test_refusals_say_what_was_given(generator, options, message):
    scores, target = maps(generator)
    with pytest.raises(UsageError, match=message):
        lapsvm_loss(scores, target, **options)


def test_pooled_scores_are_refused():
    with pytest.raises(UsageError, match=r"`region_scores` must be \(N, C, H, W\) or \(N, C, R\)"):
        lapsvm_loss(torch.zeros(3, 2), torch.zeros(3, 2))
