from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
import torch

from reference.ranking import (
    ap_loss_of_all_interleavings,
    ap_loss_of_all_pairs,
    ap_loss_of_all_rankings,
    average_precision,
)
from weldon.errors import UsageError
from weldon.losses import average_precision_inference
from weldon.losses.ap import inference as descending
from weldon.losses.ap import inference as ranking_inference
from weldon.losses.ap.inference import sort_descending

AWKWARD = [0.0, -0.0, 1.0, -1.0, 1e-45, -1e-45, 3e38, -3e38, float("inf"), float("-inf"), 1e-38, 0.5]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("radix", [0, 10**9])
def test_order_is_that_of_the_floats_and_stable(generator, monkeypatch, dtype, radix):
    monkeypatch.setattr(descending, "RADIX_LENGTH", radix)
    scores = torch.tensor(AWKWARD, dtype=dtype).repeat(50)[torch.randint(600, (4, 500), generator=generator)]
    values, order = sort_descending(scores)
    expected = (scores + 0.0).sort(dim=1, descending=True, stable=True)
    assert torch.equal(values, expected.values)
    assert torch.equal(order, expected.indices)


def test_long_rows_are_sorted_alike(generator):
    scores = torch.randn(2, descending.RADIX_LENGTH + 7, generator=generator)
    values, order = sort_descending(scores)
    assert torch.equal(values, scores.sort(dim=1, descending=True).values)
    assert torch.equal(scores.gather(1, order), values)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_comes_back_in_single(generator, dtype):
    scores = torch.randn(3, 40, generator=generator).to(dtype)
    values, order = sort_descending(scores)
    assert values.dtype == torch.float32
    assert torch.equal(values, scores.float().gather(1, order))


METHODS = ("levels", "dense", "greedy")

SCORES = {
    "overlapping": lambda rng, label: rng.gauss(0.5 * label, 1),
    "tied": lambda rng, label: float(rng.randint(-1, 1)),
    "separated": lambda rng, label: rng.gauss(0, 0.3) + 3 * label,
    "far apart": lambda rng, label: rng.gauss(0, 0.3) - 5 * label,
    "extreme": lambda rng, label: rng.choice((0.0, 1e-3, -0.5, 2.0, 1e30, -1e30, 1e-30)),
    "on the edge": lambda rng, label: rng.choice((0.0, 0.125, 0.25, 0.5)) + label,
}


def column(values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype).unsqueeze(1)


def infer(scores, labels, **options):
    return average_precision_inference(column(scores), column(labels), **options)


def random_batch(generator, rows=60, spread=1.0):
    """Seven classes, from rare to none without, and unknown cells."""
    share = torch.tensor([0.02, 0.05, 0.1, 0.3, 0.5, 0.9, 0.0])
    target = (torch.rand(rows, 7, generator=generator) < share).double()
    scores = (torch.randn(rows, 7, generator=generator).double() + target) * spread
    return scores, target, torch.rand(rows, 7, generator=generator) < 0.9


@pytest.mark.parametrize("kind", SCORES)
def test_loss_is_the_maximum_over_all_interleavings(kind):
    rng = random.Random(kind)
    for positives in range(1, 6):
        for negatives in range(1, 6):
            labels = [1] * positives + [0] * negatives
            rng.shuffle(labels)
            scores = [SCORES[kind](rng, label) for label in labels]
            expected = float(ap_loss_of_all_interleavings(scores, labels))
            for method in METHODS:
                found = infer(scores, labels, method=method).loss.item()
                assert found == pytest.approx(expected, rel=1e-12, abs=1e-13), (method, scores, labels)


@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize(
    "options", [{"normalize": False}, {"scale": 7.5}, {"normalize": False, "scale": 0.03}]
)
def test_options_are_those_of_the_definition(kind, options):
    rng = random.Random(kind)
    for labels in ([1, 0, 0], [1, 0, 1, 0, 0], [0, 1, 1, 1], [1, 1, 0, 0, 0, 1]):
        scores = [SCORES[kind](rng, label) for label in labels]
        expected = float(ap_loss_of_all_interleavings(scores, labels, **options))
        for method in METHODS:
            found = infer(scores, labels, method=method, **options).loss.item()
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("kind", SCORES)
def test_no_order_of_the_examples_violates_more_than_an_interleaving(kind):
    rng = random.Random(kind)
    for labels in ([1, 0], [1, 0, 0, 1], [0, 1, 0, 1, 0], [1, 1, 0, 0, 1]):
        scores = [SCORES[kind](rng, label) for label in labels]
        assert ap_loss_of_all_rankings(scores, labels) == ap_loss_of_all_interleavings(scores, labels)


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0, 1000.0])
def test_three_forms_find_the_same_ranking(generator, spread):
    scores, target, known = random_batch(generator, 300, spread)
    levels, dense, greedy = (
        average_precision_inference(scores, target, known, method=method) for method in METHODS
    )
    assert torch.equal(levels.loss, dense.loss)
    assert torch.equal(levels.loss, greedy.loss)
    assert torch.equal(levels.coefficients, dense.coefficients)
    assert torch.equal(levels.coefficients, greedy.coefficients)


@pytest.mark.parametrize(
    ("positives", "negatives"), [(1, 2000), (2000, 1), (40, 360), (700, 700), (1500, 12_000)]
)
@pytest.mark.parametrize("gap", [-2.0, 0.0, 1.0, 6.0])
def test_loss_matches_the_sum_over_all_pairs(generator, positives, negatives, gap):
    s = torch.randn(positives, generator=generator).double() + gap
    t = torch.randn(negatives, generator=generator).double()
    loss, _ = infer([*s.tolist(), *t.tolist()], [1] * positives + [0] * negatives)
    assert loss.item() == pytest.approx(ap_loss_of_all_pairs(s.numpy(), t.numpy()), rel=1e-10, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("gap", [1.0, 40.0])
def test_loss_matches_the_sum_over_all_pairs_at_the_size_of_a_data_set(generator, gap):
    s = torch.randn(5000, generator=generator).double() + gap
    t = torch.randn(77_000, generator=generator).double()
    loss, _ = infer([*s.tolist(), *t.tolist()], [1] * 5000 + [0] * 77_000)
    assert loss.item() == pytest.approx(ap_loss_of_all_pairs(s.numpy(), t.numpy()), rel=1e-9)


def test_well_separated_scores_are_not_chosen_one_positive_at_a_time():
    """Each positive's best place, chosen alone, can be no ranking at all."""
    rng, differences = random.Random(0), 0
    for _ in range(30):
        labels = [1] * 4 + [0] * 5
        scores = [rng.gauss(0, 0.1) + label for label in labels]
        s, t = sorted(scores[:4], reverse=True), sorted(scores[4:], reverse=True)
        alone = [
            max(range(6), key=lambda a: a / (4 * (k + a)) + sum(2 * (x - s_k) / 20 for x in t[:a]))
            for k, s_k in enumerate(s, start=1)
        ]
        differences += alone != sorted(alone)
        found = infer(scores, labels).loss.item()
        assert found == pytest.approx(float(ap_loss_of_all_interleavings(scores, labels)), rel=1e-12)
    assert differences > 0


def test_coefficients_are_the_derivative(generator):
    scores, target, known = random_batch(generator)
    loss, coefficients = average_precision_inference(scores, target, known)
    for row, column in ((0, 0), (7, 1), (13, 3), (21, 4), (34, 5), (55, 2)):
        step = torch.zeros_like(scores)
        step[row, column] = 1e-6
        up, down = (average_precision_inference(scores + sign * step, target, known).loss for sign in (1, -1))
        expected = torch.zeros_like(loss)
        expected[column] = coefficients[row, column]
        torch.testing.assert_close((up - down) / 2e-6, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", SCORES)
def test_coefficients_are_a_subgradient_also_at_ties(kind):
    rng = random.Random(kind)
    labels = [rng.random() < 0.4 for _ in range(30)]
    target = column(labels)
    for _ in range(20):
        here, there = (column([SCORES[kind](rng, label) for label in labels]) for _ in range(2))
        loss, coefficients = average_precision_inference(here, target)
        other = average_precision_inference(there, target).loss
        bound = loss + (coefficients * (there - here)).sum()
        assert other >= bound - 1e-12 * (1 + bound.abs() + (coefficients * here).abs().sum())


def test_loss_is_its_constant_plus_coefficients_times_scores(generator):
    """The two-pass form rests on this: between changes of the ranking the loss is linear in the scores."""
    scores, target, known = random_batch(generator)
    loss, coefficients = average_precision_inference(scores, target, known)
    moved, same = average_precision_inference(scores * (1 + 1e-9), target, known)
    assert torch.equal(same, coefficients)
    linear = (coefficients * scores).sum(0)
    torch.testing.assert_close(moved - loss, 1e-9 * linear, rtol=1e-4, atol=1e-14)


def test_coefficients_add_up_to_zero_and_push_the_right_way(generator):
    scores, target, known = random_batch(generator)
    _, coefficients = average_precision_inference(scores, target, known)
    assert coefficients.sum(0).abs().max() < 1e-14
    assert (coefficients[(target == 1) & known] <= 0).all()
    assert (coefficients[(target == 0) & known] >= 0).all()
    assert (coefficients[~known] == 0).all()


def test_order_of_examples_does_not_matter_even_with_ties(generator):
    scores, target, known = random_batch(generator, 200)
    scores = (2 * scores).round() / 2
    loss, coefficients = average_precision_inference(scores, target, known)
    for method in METHODS:
        shuffle = torch.randperm(200, generator=generator)
        again = average_precision_inference(scores[shuffle], target[shuffle], known[shuffle], method=method)
        torch.testing.assert_close(again.loss, loss, rtol=1e-14, atol=0)
        assert torch.equal(again.coefficients, coefficients[shuffle])


def test_equal_examples_share_their_coefficient():
    _, coefficients = infer([0.0, 0.0, 0.0, 0.0, -1.0], [1, 1, 0, 0, 0])
    assert coefficients[0] == coefficients[1] != 0
    assert coefficients[2] == coefficients[3] != 0


def test_minus_zero_equals_zero():
    assert torch.equal(
        infer([0.0, -0.0, 0.0], [1, 0, 0]).coefficients, infer([0.0] * 3, [1, 0, 0]).coefficients
    )


def test_a_class_is_ranked_as_if_it_were_alone(generator):
    scores, target, known = random_batch(generator, 200)
    scores[:, 2] *= 1e25
    loss, coefficients = average_precision_inference(scores, target, known, method="levels")
    for one in range(7):
        part = (slice(None), slice(one, one + 1))
        alone = average_precision_inference(scores[part], target[part], known[part], method="levels")
        assert torch.equal(alone.loss, loss[one : one + 1])
        assert torch.equal(alone.coefficients, coefficients[part])


def test_blocks_of_classes_change_nothing(generator, monkeypatch):
    scores, target, known = random_batch(generator)
    whole = average_precision_inference(scores, target, known)
    monkeypatch.setattr(ranking_inference, "CPU_CELLS", 2 * len(scores))
    blocks = average_precision_inference(scores, target, known)
    assert torch.equal(whole.loss, blocks.loss)
    assert torch.equal(whole.coefficients, blocks.coefficients)


def test_many_runs_may_wrap_the_integer_sums(generator):
    """500 classes of all-violating scores fill the 64 bits of the running sum many times over."""
    target = torch.zeros(40, 500)
    target[:20] = 1
    scores = torch.randn(40, 500, generator=generator).double() - 1e3 * target
    loss, coefficients = average_precision_inference(scores, target, method="levels")
    dense = average_precision_inference(scores, target, method="dense")
    assert torch.equal(loss, dense.loss)
    assert torch.equal(coefficients, dense.coefficients)


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1], [1], [0]])
@pytest.mark.parametrize("method", METHODS)
def test_a_class_without_both_labels_costs_nothing(labels, method):
    loss, coefficients = infer([0.5, 0.25, 2.0][: len(labels)], labels, method=method)
    assert loss.tolist() == [0.0]
    assert not coefficients.any()


def test_no_examples_cost_nothing():
    loss, coefficients = average_precision_inference(torch.zeros(0, 3), torch.zeros(0, 3))
    assert loss.tolist() == [0.0] * 3
    assert coefficients.shape == (0, 3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("row", [0, 3])
def test_a_score_that_is_no_number_breaks_its_own_class_alone(generator, bad, row):
    scores, target = torch.randn(5, 3, generator=generator), column([1, 0, 1, 0, 0]).expand(5, 3)
    clean = average_precision_inference(scores, target)
    scores[row, 1] = bad
    loss, coefficients = average_precision_inference(scores, target)
    assert loss.isnan().tolist() == [False, True, False]
    assert coefficients.isnan().all(0).tolist() == [False, True, False]
    assert torch.equal(loss[::2], clean.loss[::2])
    assert torch.equal(coefficients[:, ::2], clean.coefficients[:, ::2])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_unknown_cells_may_hold_anything(generator, bad):
    scores, target, known = random_batch(generator)
    expected = average_precision_inference(scores, target, known)
    found = average_precision_inference(
        scores.masked_fill(~known, bad), target.masked_fill(~known, -1.0), known
    )
    assert torch.equal(found.loss, expected.loss)
    assert torch.equal(found.coefficients, expected.coefficients)


def test_unknown_examples_are_left_out(generator):
    scores, target, known = random_batch(generator)
    loss, coefficients = average_precision_inference(scores, target, known)
    for one in range(7):
        keep = known[:, one]
        alone = average_precision_inference(scores[keep, one : one + 1], target[keep, one : one + 1])
        torch.testing.assert_close(alone.loss, loss[one : one + 1], rtol=1e-14, atol=0)
        assert torch.equal(alone.coefficients, coefficients[keep, one : one + 1])


def test_pairs_beyond_32_bits_are_counted():
    """50,000 x 50,000 pairs and equal scores: all negatives first, at a cost of N / (k + N) each."""
    count = 50_000
    target = torch.arange(2 * count).unsqueeze(1) < count
    loss, coefficients = average_precision_inference(torch.zeros(2 * count, 1).double(), target)
    expected = sum(count / (k + count) for k in range(1, count + 1)) / count
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    assert coefficients[0].item() == pytest.approx(-2 / count, rel=1e-12)
    assert coefficients[-1].item() == pytest.approx(2 / count, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_scores_are_ranked_in_double(generator, dtype):
    scores, target, known = random_batch(generator, 500)
    loss, coefficients = average_precision_inference(scores.to(dtype), target, known)
    exact = average_precision_inference(scores.to(dtype).double(), target, known)
    assert loss.dtype == coefficients.dtype == torch.float32
    torch.testing.assert_close(loss.double(), exact.loss, rtol=1e-6, atol=0)
    torch.testing.assert_close(coefficients.double(), exact.coefficients, rtol=1e-6, atol=0)


def test_coefficients_too_small_for_half_precision_survive():
    target = torch.arange(62_000).unsqueeze(1) < 2000
    scores = torch.linspace(1, -1, 62_000).half().unsqueeze(1)
    _, coefficients = average_precision_inference(scores, target)
    smallest = coefficients[coefficients != 0].abs().min()
    assert 0 < smallest < 2**-24


def test_a_shift_of_all_scores_changes_nothing(generator):
    scores, target, known = random_batch(generator)
    scores = (1024 * scores).round() / 1024
    there = average_precision_inference(scores + 2.0**20, target, known)
    here = average_precision_inference(scores, target, known)
    torch.testing.assert_close(there.loss, here.loss, rtol=1e-9, atol=1e-9)
    assert torch.equal(there.coefficients, here.coefficients)


def test_ranking_is_the_same_under_strict_determinism(generator):
    scores, target, known = random_batch(generator)
    expected = average_precision_inference(scores, target, known, method="levels")
    torch.set_deterministic_debug_mode("error")
    try:
        found = average_precision_inference(scores, target, known, method="levels")
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_deterministic_debug_mode("default")
    assert torch.equal(found.coefficients, expected.coefficients)


def test_arguments_are_left_alone(generator):
    scores, target, known = random_batch(generator)
    copies = [part.clone() for part in (scores, target, known)]
    average_precision_inference(scores, target, known)
    assert all(torch.equal(*pair) for pair in zip((scores, target, known), copies, strict=True))


def test_any_layout_and_target_dtype_will_do(generator):
    scores, target, known = random_batch(generator)
    expected = average_precision_inference(scores, target, known)
    for kind in (torch.bool, torch.int64, torch.float16):
        found = average_precision_inference(scores.t().contiguous().t(), target.to(kind), known)
        assert torch.equal(found.coefficients, expected.coefficients)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is here")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("strict", [False, True])
def test_cuda_finds_the_ranking_that_the_cpu_finds(generator, method, strict):
    scores, target, known = random_batch(generator, 300)
    here = average_precision_inference(scores, target, known, method=method)
    torch.set_deterministic_debug_mode("error" if strict else "default")
    try:
        there = average_precision_inference(scores.cuda(), target.cuda(), known.cuda(), method=method)
    finally:
        torch.set_deterministic_debug_mode("default")
    assert torch.equal(there.coefficients.cpu(), here.coefficients)
    torch.testing.assert_close(there.loss.cpu(), here.loss, rtol=1e-13, atol=0)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((torch.zeros(3), torch.zeros(3)), {}, r"`scores` must be \(N, C\) floating point, got .* \(3,\)"),
        ((torch.zeros(3, 1).long(), torch.zeros(3, 1)), {}, "`scores` must be"),
        (
            (torch.zeros(3, 2), torch.zeros(3, 1)),
            {},
            r"`target` must be \(N, C\) = \(3, 2\), got shape \(3, 1\)",
        ),
        ((torch.zeros(3, 2), torch.zeros(3, 2), torch.ones(3, 2)), {}, "`mask` must be .* bool"),
        ((torch.zeros(3, 2), torch.full((3, 2), -1)), {}, "got -1 for image 0, class 0: mark unknown cells"),
        ((torch.zeros(3, 2), torch.full((3, 2), math.nan)), {}, "`target` must be 0"),
        (
            (torch.zeros(3, 2), torch.zeros(3, 2)),
            {"scale": 0.0},
            "`scale` must be above 0 and finite, got 0.0",
        ),
        (
            (torch.zeros(3, 2), torch.zeros(3, 2)),
            {"method": "fast"},
            "one of auto, dense, levels, greedy, got 'fast'",
        ),
    ],
)
def test_refusals_say_what_was_given(arguments, options, message):
    with pytest.raises(UsageError, match=message):
        average_precision_inference(*arguments, **options)


def test_reference_average_precision_by_hand():
    assert average_precision([1, 0, 1]) == Fraction(5, 6)
