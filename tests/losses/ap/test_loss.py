from __future__ import annotations

import copy
import math

import pytest
import torch

from reference.ranking import average_precision
from weldon.errors import UsageError
from weldon.losses import APLoss, ap_loss, average_precision_inference
from weldon.losses.ap.batch import LabelledScores
from weldon.losses.ap.loss import ScoreMemory


def memory_batch(*values: float, dtype: torch.dtype = torch.float32) -> LabelledScores:
    """A row an image; the label is 1 where the score is above zero."""
    scores = torch.tensor(values, dtype=dtype)[:, None]
    return LabelledScores(scores, (scores > 0).to(torch.uint8))


def recalled(memory: ScoreMemory, *values: float) -> list[float]:
    return memory.recall(memory_batch(*values)).scores.flatten().tolist()


def test_an_empty_memory_adds_nothing():
    assert recalled(ScoreMemory(4), 1.0, 2.0) == [1.0, 2.0]


def test_the_oldest_images_go_first():
    memory = ScoreMemory(3)
    for values in ((1.0, 2.0), (3.0,), (4.0,)):
        memory.remember(memory_batch(*values))
    assert recalled(memory, 9.0) == [9.0, 4.0, 3.0, 1.0]


def test_of_a_batch_that_is_larger_than_the_memory_the_first_images_stay():
    memory = ScoreMemory(2)
    memory.remember(memory_batch(1.0, 2.0, 3.0))
    assert recalled(memory) == [1.0, 2.0]


def test_labels_stay_beside_their_scores():
    memory = ScoreMemory(2)
    memory.remember(memory_batch(-1.0, 2.0))
    assert memory.recall(memory_batch(3.0)).label.flatten().tolist() == [1, 0, 1]


def test_what_is_remembered_does_not_change_with_its_source():
    memory, source = ScoreMemory(2), memory_batch(1.0, 2.0)
    memory.remember(source)
    source.scores.zero_()
    assert recalled(memory) == [1.0, 2.0]


def test_memories_take_the_precision_of_the_batch():
    memory = ScoreMemory(2)
    memory.remember(memory_batch(1.0))
    found = memory.recall(memory_batch(2.0, dtype=torch.float64))
    assert (found.scores.dtype, found.label.dtype) == (torch.float64, torch.uint8)


def test_a_checkpoint_holds_what_is_remembered_and_an_empty_one_empties():
    memory, resumed = ScoreMemory(3), ScoreMemory(3)
    empty = memory.state_dict()
    memory.remember(memory_batch(1.0, -2.0))
    resumed.load_state_dict(memory.state_dict())
    assert recalled(resumed, 5.0) == [5.0, 1.0, -2.0]
    resumed.load_state_dict(empty)
    assert recalled(resumed, 5.0) == [5.0]


def test_to_forget_is_to_hold_nothing():
    memory = ScoreMemory(3)
    memory.remember(memory_batch(1.0))
    memory.forget()
    assert recalled(memory, 5.0) == [5.0]


@pytest.mark.parametrize("size", [0, -1])
def test_a_memory_of_no_image_is_refused(size):
    with pytest.raises(UsageError, match=f"`size` must be at least 1 image, got {size}"):
        ScoreMemory(size)


def batch(generator, rows=40, classes=5):
    target = (torch.rand(rows, classes, generator=generator) < 0.3).double()
    scores = torch.randn(rows, classes, generator=generator).double() + 0.5 * target
    return scores, target, torch.rand(rows, classes, generator=generator) < 0.9


def gradient(loss, scores, *arguments):
    leaf = scores.detach().clone().requires_grad_()
    loss(leaf, *arguments).backward()
    return leaf.grad


def harmonic(count):
    return math.fsum(1 / k for k in range(1, count + 1))


def test_gradient_is_the_coefficients(generator):
    scores, target, known = batch(generator)
    expected = average_precision_inference(scores, target, known).coefficients
    found = gradient(lambda s: ap_loss(s, target, known, reduction="sum"), scores)
    torch.testing.assert_close(found, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("options", [{}, {"normalize": False}, {"scale": 3.0}, {"reduction": "sum"}])
def test_gradient_matches_finite_differences(generator, options):
    scores, target, known = batch(generator, rows=12, classes=3)
    scores.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda s: ap_loss(s, target, known, **options), scores, eps=1e-7, atol=1e-6
    )


def test_loss_is_at_least_one_less_the_average_precision(generator):
    for spread in (0.01, 0.3, 3.0, 30.0):
        scores, target, _ = batch(generator)
        losses = ap_loss(spread * scores, target, reduction="none")
        for one in range(scores.shape[1]):
            order = scores[:, one].argsort(descending=True)
            precision = average_precision(target[order, one].int().tolist())
            assert losses[one] >= 1 - float(precision)


def test_loss_is_at_least_one_less_the_worst_average_precision_of_ties():
    target = torch.tensor([[1], [0], [1], [0]])
    worst = 1 - float(average_precision([0, 0, 1, 1]))
    assert ap_loss(torch.zeros(4, 1), target).item() >= worst - 1e-6


def test_loss_is_convex(generator):
    for _ in range(20):
        here, target, known = batch(generator)
        there = 3 * torch.randn(here.shape, generator=generator).double()
        middle = ap_loss((here + there) / 2, target, known)
        assert middle <= (ap_loss(here, target, known) + ap_loss(there, target, known)) / 2 + 1e-12


@pytest.mark.parametrize(
    ("positives", "negatives", "stated"), [(1, 1, 0.25), (50, 450, 15.8), (450, 50, None), (5000, 77_000, 62)]
)
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_loss_is_zero_from_the_margin_on(positives, negatives, stated, scale):
    margin = negatives * (harmonic(positives + 1) - 1) / (2 * positives * scale)
    if stated is not None:
        assert margin * scale == pytest.approx(stated, rel=6e-3)
    target = torch.arange(positives + negatives).unsqueeze(1) < positives
    beyond, within = (
        ap_loss(share * margin * target.double(), target, scale=scale) for share in (1 + 1e-6, 1 - 1e-6)
    )
    assert beyond.item() == 0
    assert within.item() > 0


def test_a_quarter_of_a_step_beyond_the_margin_by_hand():
    """One of each: the inversion costs 1/2 and pays twice the gap, so a gap of 0.25 is enough."""
    losses = [
        ap_loss(torch.tensor([[gap], [0.0]]), torch.tensor([[1], [0]])).item() for gap in (0.0, 0.125, 0.25)
    ]
    assert losses == [0.5, 0.25, 0.0]


def test_scale_is_a_factor_on_the_scores(generator):
    scores, target, known = batch(generator)
    scaled = ap_loss(scores, target, known, scale=4.0, reduction="none")
    torch.testing.assert_close(scaled, ap_loss(4 * scores, target, known, reduction="none"))


def test_the_literal_equation_is_a_scale_of_all_pairs(generator):
    scores, target, _ = batch(generator, classes=1)
    pairs = float(target.sum() * (1 - target).sum())
    literal = ap_loss(scores, target, normalize=False)
    torch.testing.assert_close(literal, ap_loss(scores, target, scale=pairs))


def test_mean_leaves_out_classes_that_cannot_be_ranked():
    scores = torch.tensor([[0.0, 5.0, 1.0], [0.25, 1.0, -1.0]])
    target = torch.tensor([[1, 1, 0], [0, 1, 0]])
    assert ap_loss(scores, target, reduction="none").tolist() == [1.0, 0.0, 0.0]
    assert ap_loss(scores, target).item() == 1.0
    assert ap_loss(scores, target, reduction="sum").item() == 1.0
    unknown = torch.tensor([[True, True, True], [False, True, True]])
    assert ap_loss(scores, target, unknown).item() == 0.0


@pytest.mark.parametrize("target", [[[0], [0]], [[1], [1]]])
def test_a_batch_that_cannot_be_ranked_has_gradient_zero(target):
    found = gradient(ap_loss, torch.tensor([[0.5], [0.25]]), torch.tensor(target))
    assert found.tolist() == [[0.0], [0.0]]


def test_an_empty_batch_has_gradient():
    assert gradient(ap_loss, torch.zeros(0, 2), torch.zeros(0, 2)).shape == (0, 2)


def test_nan_score_gives_nan_loss():
    scores = torch.tensor([[0.0, math.nan], [1.0, 0.0]])
    assert ap_loss(scores, torch.tensor([[1, 1], [0, 0]])).isnan()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_unknown_cells_may_hold_anything(generator, bad):
    scores, target, known = batch(generator)
    expected, found = (
        gradient(ap_loss, filled, target, known) for filled in (scores, scores.masked_fill(~known, bad))
    )
    assert torch.equal(found, expected)
    assert not found[~known].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_scores_give_a_single_precision_loss(generator, dtype):
    scores, target, known = batch(generator)
    scores = scores.to(dtype)
    loss = ap_loss(scores, target, known)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(ap_loss(scores.double(), target, known).item(), rel=1e-6)
    assert gradient(ap_loss, scores, target, known).dtype == dtype


def test_autocast_changes_nothing(generator):
    scores, target, known = batch(generator)
    scores = scores.float()
    plain = ap_loss(scores, target, known)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(ap_loss(scores, target, known), plain)


def test_descent_ranks_a_small_batch_perfectly(generator):
    scores, target, _ = batch(generator, rows=20, classes=3)
    for _ in range(60):
        scores = scores - 5 * gradient(lambda s: ap_loss(s, target, reduction="sum"), scores)
    for one in range(3):
        order = scores[:, one].argsort(descending=True)
        assert average_precision(target[order, one].int().tolist()) == 1


@pytest.mark.parametrize("training", [True, False])
def test_module_is_the_function(generator, training):
    scores, target, known = batch(generator)
    options = {"normalize": False, "scale": 0.5, "reduction": "none", "method": "greedy"}
    module = APLoss(**options).train(training)
    assert torch.equal(module(scores, target, known), ap_loss(scores, target, known, **options))
    assert torch.equal(module(scores, target), ap_loss(scores, target, **options))


def test_memory_ranks_the_batch_with_recent_images(generator):
    scores, target, known = batch(generator, rows=30)
    loss = APLoss(memory=12)
    loss(scores[:10], target[:10], known[:10])
    loss(scores[10:20], target[10:20], known[10:20])
    rows = torch.cat([torch.arange(20, 30), torch.arange(10, 20), torch.arange(2)])  # two of the first batch
    expected = average_precision_inference(scores[rows], target[rows], known[rows])
    last = scores[20:].clone().requires_grad_()
    value = loss(last, target[20:], known[20:])
    value.backward()
    torch.testing.assert_close(value, expected.loss.mean())
    torch.testing.assert_close(last.grad, expected.coefficients[:10] / 5 * 22 / 10)


def test_memory_gives_a_batch_without_positives_a_gradient():
    loss = APLoss(memory=4)
    loss(torch.tensor([[0.0], [1.0]]), torch.tensor([[1], [0]]))
    found = gradient(loss, torch.tensor([[0.5], [0.0]]), torch.tensor([[0], [0]]))
    assert (found > 0).all()


def test_memory_rests_in_evaluation_and_can_be_emptied(generator):
    scores, target, known = batch(generator)
    loss = APLoss(memory=100)
    loss(scores, target, known)
    loss.eval()
    alone = ap_loss(scores[:9], target[:9])
    assert torch.equal(loss(scores[:9], target[:9]), alone)
    loss.train().memory.forget()
    assert torch.equal(loss(scores[:9], target[:9]), alone)


def test_memory_holds_no_graph_and_no_alias(generator):
    scores, target, known = batch(generator)
    scores.requires_grad_()
    loss = APLoss(memory=100)
    loss(scores, target, known)
    remembered = loss.memory.recall(loss.memory._rows)
    assert not remembered.scores.requires_grad
    before = copy.deepcopy(loss.state_dict())
    with torch.no_grad():
        scores.zero_()
    assert all(
        torch.equal(loss.memory._rows[i], part)
        for i, part in enumerate(before["memory._extra_state"].values())
    )


def test_memory_survives_a_checkpoint(generator, tmp_path):
    scores, target, known = batch(generator)
    loss, resumed = APLoss(memory=20), APLoss(memory=20)
    loss(scores, target, known)
    torch.save(loss.state_dict(), tmp_path / "loss.pt")
    resumed.load_state_dict(torch.load(tmp_path / "loss.pt", weights_only=True))
    assert torch.equal(resumed(scores[:5], target[:5]), loss(scores[:5], target[:5]))


def test_module_without_memory_has_no_state():
    assert not APLoss().state_dict()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": -1.0}, "`scale` must be above 0 and finite, got -1.0"),
        ({"method": "dens"}, "`method` must be one of auto, dense, levels, greedy, got 'dens'"),
        ({"memory": -3}, "`memory` must be a number of images, at least 0, got -3"),
        ({"reduction": "avg"}, "`reduction` must be 'mean', 'sum' or 'none', got 'avg'"),
    ],
)
def test_refusals_say_what_was_given(options, message):
    with pytest.raises(UsageError, match=message):
        APLoss(**options)(torch.zeros(2, 1), torch.tensor([[1], [0]]))
