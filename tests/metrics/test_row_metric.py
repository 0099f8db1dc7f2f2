"""Rows that are gathered count each image once; two processes are in test_distributed."""

from __future__ import annotations

import pickle

import pytest
import torch

from weldon.errors import UsageError
from weldon.metrics import AveragePrecision
from weldon.metrics.row_metric import RowMetric


class Kept(RowMetric):
    """A column of single values and one of pairs."""

    def __init__(self) -> None:
        super().__init__(value=((), torch.float32), pair=((2,), torch.long))

    def update(self, value, pair, index=None):
        self.append_rows(index, value=value, pair=pair)

    def compute(self):
        found = self.distinct_rows()
        return found["value"], found["pair"]


def rows(*values: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Values, each with itself twice beside it."""
    value = torch.tensor(values)
    return value, value.long()[:, None].expand(-1, 2)


def test_an_image_that_comes_again_is_kept_as_it_came_first():
    metric = Kept()
    metric.update(*rows(1.0, 2.0), index=torch.tensor([7, 3]))
    metric.update(*rows(9.0, 4.0), index=torch.tensor([7, 5]))
    value, pair = metric.compute()
    assert value.tolist() == [1.0, 2.0, 4.0]
    assert pair.tolist() == [[1, 1], [2, 2], [4, 4]]


def test_images_without_a_number_all_count():
    metric = Kept()
    for _ in range(2):
        metric.update(*rows(1.0, 1.0))
    assert metric.compute()[0].tolist() == [1.0] * 4


def test_reset_forgets_everything():
    metric = Kept()
    metric.update(*rows(1.0), index=torch.tensor([0]))
    metric.reset()
    metric.update(*rows(2.0), index=torch.tensor([0]))
    assert metric.compute()[0].tolist() == [2.0]


def test_rows_hold_no_graph_and_have_the_type_of_their_column():
    metric = Kept()
    metric.update(torch.ones(1, dtype=torch.float64, requires_grad=True), torch.ones(1, 2), None)
    value, pair = metric.compute()
    assert (value.dtype, pair.dtype) == (torch.float32, torch.long)
    assert not value.requires_grad


def test_one_row_stays_a_row_however_often_it_is_asked_for():
    metric = Kept()
    metric.update(*rows(2.0), index=torch.tensor([0]))
    for asked in (metric, metric, pickle.loads(pickle.dumps(metric)), metric.clone()):
        assert [part.tolist() for part in asked.compute()] == [[2.0], [[2, 2]]]


def test_one_class_is_a_vector_of_one():
    metric = AveragePrecision(1)
    metric.update(torch.tensor([[1.0], [2.0]]), torch.tensor([[1], [0]]))
    assert metric.compute().tolist() == [0.5]


@pytest.mark.parametrize(
    ("values", "index", "words"),
    [
        ((torch.ones(2), torch.ones(2, 3)), None, r"pair must be \(2, 2\), got \(2, 3\)"),
        (rows(1.0, 2.0), torch.tensor([1]), r"index must be whole numbers \(2,\), got torch.int64 \(1,\)"),
        (rows(1.0, 2.0), torch.tensor([0.0, 1.0]), "index must be whole numbers .* got torch.float32"),
        (rows(1.0, 2.0), torch.tensor([0, -1]), "index must be 0 or more, got -1"),
    ],
)
def test_rows_that_do_not_fit_are_refused_by_name(values, index, words):
    with pytest.raises(UsageError, match=words):
        Kept().update(*values, index=index)
