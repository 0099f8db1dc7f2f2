"""The structured hinge of Eq. 6."""

from __future__ import annotations

import pytest
import torch

from contracts.losses import ClassTargetContract
from reference import losses as reference
from weldon.errors import UsageError
from weldon.losses import StructuredHingeLoss, structured_hinge, structured_hinge_loss

# Two families of two classes: a mistake inside the family costs 0.5, another family 2; one way costs more.
HIERARCHY = torch.tensor([[0, 0.5, 2, 2], [0.5, 0, 2, 2], [2, 2, 0, 0.5], [3, 2, 0.5, 0]])


def distance(truth, answer):
    return (truth - answer).abs()


class HingeContract(ClassTargetContract):
    task_loss = None

    def function(self, scores, target, **options):
        return structured_hinge_loss(scores, target, task_loss=self.task_loss, **options)

    def build(self, **options):
        return StructuredHingeLoss(task_loss=self.task_loss, **options)

    def cost(self, truth, answer):
        return float(truth != answer)

    def naive(self, scores, target):
        losses = reference.structured_hinge(scores, target, self.cost)
        return torch.tensor(losses, dtype=torch.float64)

    def test_bounds_the_task_loss_of_the_prediction(self, generator):
        scores = torch.randn(500, self.classes, generator=generator)
        target = torch.randint(self.classes, (500,), generator=generator)
        answers = scores.argmax(1)
        suffered = torch.tensor(
            [self.cost(t, a) for t, a in zip(target.tolist(), answers.tolist(), strict=True)]
        )
        losses = self.function(scores, target, reduction="none")
        assert (losses >= suffered - 1e-6).all()
        assert (losses[suffered > 0] > 0).all()

    def test_loss_is_zero_beyond_the_margin(self, target):
        scores = 10 * torch.nn.functional.one_hot(target, self.classes).double()
        assert self.function(scores, target).item() == 0


class TestZeroOne(HingeContract):
    pass


class TestMatrix(HingeContract):
    task_loss = HIERARCHY

    def cost(self, truth, answer):
        return HIERARCHY[truth, answer].item()


class TestFunction(HingeContract):
    task_loss = staticmethod(distance)

    def cost(self, truth, answer):
        return abs(truth - answer)


@pytest.fixture
def scores(generator):
    return torch.randn(6, 4, generator=generator, dtype=torch.float64)


@pytest.fixture
def target(generator):
    return torch.randint(4, (6,), generator=generator)


def test_two_classes_coincide_with_torch_multi_margin(generator):
    """With two classes there is one rival, so that the largest violation is the sum of them."""
    scores = torch.randn(50, 2, generator=generator)
    target = torch.randint(2, (50,), generator=generator)
    expected = torch.nn.MultiMarginLoss(reduction="none")(scores, target) * 2  # torch divides by C
    torch.testing.assert_close(structured_hinge_loss(scores, target, reduction="none"), expected)


def test_matrix_of_zero_one_is_the_default(scores, target):
    matrix = 1 - torch.eye(4)
    assert torch.equal(
        structured_hinge_loss(scores, target, task_loss=matrix), structured_hinge_loss(scores, target)
    )


def test_rows_of_the_matrix_are_the_truth():
    scores = torch.zeros(1, 4)
    losses = [
        structured_hinge_loss(scores, torch.tensor([truth]), task_loss=HIERARCHY).item() for truth in range(4)
    ]
    assert losses == [2.0, 2.0, 2.0, 3.0]


def test_gradient_pulls_the_truth_up_and_the_violator_down():
    scores = torch.tensor([[1.0, 0.9, 0.2]], requires_grad=True)
    structured_hinge_loss(scores, torch.tensor([0])).backward()
    assert scores.grad.tolist() == [[-1.0, 1.0, 0.0]]


def test_general_form_takes_an_inference_of_your_own(scores, target):
    """Subsets of classes as answers, searched exhaustively: the Hamming loss makes the search separable."""
    truth = torch.nn.functional.one_hot(target, 4).double()
    subsets = torch.tensor([[(n >> bit) & 1 for bit in range(4)] for n in range(16)]).double()  # (16, 4)
    augmented = (scores @ subsets.T + (truth[:, None] - subsets).abs().sum(-1)).amax(1)
    expected = (scores * (1 - 2 * truth) + 1).clamp(min=0).sum(1).mean()
    torch.testing.assert_close(structured_hinge((scores * truth).sum(1), augmented), expected)


def test_general_form_refuses_shapes_that_differ():
    with pytest.raises(UsageError, match=r"`augmented` must have the shape of `truth`, \(2,\), got \(2, 1\)"):
        structured_hinge(torch.zeros(2), torch.zeros(2, 1))


@pytest.mark.parametrize(
    ("task_loss", "message"),
    [
        (torch.zeros(3, 3), r"`task_loss` must be \(C, C\) = \(4, 4\), got shape \(3, 3\)"),
        (-HIERARCHY, "`task_loss` must be at least 0 everywhere, got -"),
        (torch.ones(4, 4), "`task_loss` must be 0 where the answer is the truth, got 1.0"),
        (lambda truth, answer: distance(truth, answer).T, r"`task_loss` must give \(N, C\) = \(6, 4\)"),
        (
            lambda truth, answer: distance(truth, answer) + 1,
            "`task_loss` must be 0 where the answer is the truth",
        ),
        ("0/1", "`task_loss` must be None, a"),
    ],
)
def test_bad_task_loss_is_refused(scores, target, task_loss, message):
    with pytest.raises(UsageError, match=message):
        structured_hinge_loss(scores, target, task_loss=task_loss)


def test_matrix_follows_the_module():
    assert StructuredHingeLoss(task_loss=HIERARCHY).double().task_loss.dtype == torch.float64
