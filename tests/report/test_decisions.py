import pytest
import torch

from weldon.report.decisions import choose_examples, decide, lead_over_others, strongest_rival

SCORES = torch.tensor([[3.0, 0.0], [1.0, 0.5], [0.5, 2.0], [-1.0, 1.0], [2.0, 0.0]])
TARGET = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 1.0]])
KNOWN = torch.ones(5, 2, dtype=torch.bool)


def decided(known=KNOWN, task="multilabel"):
    return decide(SCORES, TARGET, known, thresholds=torch.tensor([0.8, 0.8]), task=task)


def test_surest_right_answers_come_first():
    assert choose_examples(decided(), 0, limit=3).right == (0, 1)


def test_misses_and_false_alarms_begin_with_the_worst():
    examples = choose_examples(decided(), 1, limit=3)
    assert (examples.missed, examples.alarms) == ((4,), (3,))


def test_counts_are_of_all_images_not_of_those_shown():
    examples = choose_examples(decided(), 0, limit=1)
    assert (examples.right, examples.counts) == ((0,), (2, 1, 1))


def test_unknown_labels_are_neither_misses_nor_alarms():
    known = KNOWN.clone()
    known[4] = False
    examples = choose_examples(decided(known), 0, limit=3)
    assert examples.alarms == ()
    assert choose_examples(decided(known), 1, limit=3).missed == ()


def test_multiclass_predicts_exactly_one_class_even_in_a_tie():
    tied = decide(
        torch.ones(2, 3), torch.eye(3)[:2], KNOWN.new_ones(2, 3), thresholds=torch.zeros(3), task="multiclass"
    )
    assert tied.predicted.sum(1).tolist() == [1, 1]


def test_lead_is_the_difference_to_the_best_other_class(generator):
    scores = torch.randn(20, 4, generator=generator)
    naive = [[row[c] - max(row[:c] + row[c + 1 :]) for c in range(4)] for row in scores.tolist()]
    torch.testing.assert_close(lead_over_others(scores), torch.tensor(naive))


def test_a_single_class_has_no_lead():
    assert lead_over_others(torch.tensor([[5.0]])).tolist() == [[0.0]]


@pytest.mark.parametrize(("row", "column", "rival"), [(1, 0, 1), (4, 1, 0), (2, 0, None)])
def test_rival_is_an_absent_class(row, column, rival):
    assert strongest_rival(decided(), row, column) == rival
