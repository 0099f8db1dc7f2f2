"""Average precision against a loop of fractions and scikit-learn."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from reference.metrics import average_precision as naive
from weldon.errors import UsageError
from weldon.metrics import AP_METHODS, average_precision, mean_average_precision


def drawn(generator, count=60, classes=5, levels=None):
    scores = torch.randn(count, classes, generator=generator) * 30
    if levels:
        scores = (scores / levels).round()
    target = torch.rand(count, classes, generator=generator).lt(0.3)
    return scores, target


def column_lists(scores, target):
    return zip(scores.T.tolist(), target.T.tolist(), strict=True)


@pytest.mark.parametrize("method", AP_METHODS)
@pytest.mark.parametrize("levels", [None, 10, 40])
def test_equals_the_naive_loop(generator, method, levels):
    scores, target = drawn(generator, levels=levels)
    expected = [naive(s, t, method=method) for s, t in column_lists(scores, target)]
    got = average_precision(scores, target, method=method)
    torch.testing.assert_close(got, torch.tensor(expected), atol=1e-6, rtol=0)


@pytest.mark.parametrize("levels", [None, 10, 40])
def test_area_equals_scikit_learn_with_and_without_ties(generator, levels):
    scores, target = drawn(generator, count=500, levels=levels)
    expected = [average_precision_score(t, s) for s, t in column_lists(scores, target)]
    torch.testing.assert_close(average_precision(scores, target), torch.tensor(expected).float())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=25),
    st.sampled_from(sorted(AP_METHODS)),
)
def test_any_small_set_equals_the_naive_loop(cells, method):
    scores, positive = zip(*cells, strict=True)
    got = average_precision(
        torch.tensor(scores).float()[:, None], torch.tensor(positive)[:, None], method=method
    )
    assert got.item() == pytest.approx(naive(scores, positive, method=method), abs=1e-6, nan_ok=True)


def test_scores_a_sigmoid_would_tie_keep_their_order():
    scores = torch.tensor([[40.0], [30.0], [20.0], [-200.0]])
    assert torch.sigmoid(scores[:3]).unique().numel() == 1
    assert average_precision(scores, torch.tensor([[1], [0], [0], [0]])).item() == 1.0
    assert average_precision(scores, torch.tensor([[0], [0], [1], [0]])).item() == pytest.approx(1 / 3)


def test_only_the_order_matters(generator):
    scores, target = drawn(generator)
    torch.testing.assert_close(
        average_precision(scores, target), average_precision(scores.double() ** 3, target)
    )


def test_constant_scores_give_the_share_of_positives():
    target = torch.tensor([[1], [0], [0], [0]])
    for method in AP_METHODS:
        assert average_precision(torch.zeros(4, 1), target, method=method).item() == 0.25


def test_order_of_tied_images_does_not_matter(generator):
    scores, target = drawn(generator, levels=40)
    shuffled = torch.randperm(len(scores), generator=generator)
    assert torch.equal(
        average_precision(scores, target), average_precision(scores[shuffled], target[shuffled])
    )


@pytest.mark.parametrize("method", AP_METHODS)
def test_masked_cells_are_as_if_not_there(generator, method):
    scores, target = drawn(generator)
    known = torch.rand(scores.shape, generator=generator).lt(0.7)
    got = average_precision(scores, torch.where(known, target, 7.0), known, method=method)
    for c in range(scores.shape[1]):
        here = known[:, c]
        alone = average_precision(scores[here, c : c + 1], target[here, c : c + 1], method=method)
        assert got[c] == alone[0]


def test_class_without_known_positives_is_nan_and_left_out_of_the_mean():
    scores = torch.tensor([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0]])
    target = torch.tensor([[1, 0, 1], [0, 0, 0]])
    known = torch.tensor([[True, True, False], [True, True, True]])
    assert average_precision(scores, target, known).isnan().tolist() == [False, True, True]
    with pytest.warns(
        UserWarning, match="2 of 3 classes have nothing to measure .* left out of the mean: 1, 2"
    ):
        assert mean_average_precision(scores, target, known).item() == 1.0


def test_voc07_reaches_a_level_that_floats_would_miss():
    # 3 of 10 positives come first, then 100 others: 3/10 is the level, but 3 * 0.1 > 3 / 10 in floats
    scores = -torch.arange(110.0)[:, None]
    target = torch.zeros(110, 1)
    target[:3], target[103:] = 1, 1
    late = max((3 + i) / (103 + i) for i in range(1, 8))
    assert average_precision(scores, target, method="voc07").item() == pytest.approx((4 + 7 * late) / 11)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_every_float_dtype_is_ranked_as_it_stands(generator, dtype):
    scores, target = drawn(generator)
    scores = scores.to(dtype)
    torch.testing.assert_close(average_precision(scores, target), average_precision(scores.double(), target))


def test_infinite_scores_are_ranked():
    scores = torch.tensor([[math.inf], [0.0], [-math.inf]])
    assert average_precision(scores, torch.tensor([[1], [0], [1]])).item() == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": torch.zeros(2, 2, 1)}, r"scores must be a float tensor \(N, C\)"),
        ({"scores": torch.zeros(2, 2, dtype=torch.long)}, r"got torch.int64"),
        ({"scores": torch.tensor([[0.0, 1.0], [math.nan, 0.0]])}, "got NaN for image 1, class 0"),
        ({"target": torch.zeros(2, 3)}, r"target must be \(2, 2\) like scores, got \(2, 3\)"),
        (
            {"target": torch.tensor([[0, 1], [-1, 1]])},
            "got -1 for image 1, class 0: mark unknown labels False",
        ),
        ({"mask": torch.ones(2, 2)}, r"mask must be bool \(2, 2\), got torch.float32"),
        ({"method": "auc"}, "method must be one of area, voc07, voc10, got 'auc'"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    arguments = {"scores": torch.zeros(2, 2), "target": torch.ones(2, 2), **change}
    with pytest.raises(UsageError, match=message):
        average_precision(**arguments)
