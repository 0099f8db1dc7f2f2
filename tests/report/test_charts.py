import re

import torch

from weldon.metrics import precision_recall_curve
from weldon.report.charts import draw_curve, draw_line, draw_scores, thin_places


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]


def test_curve_ends_at_full_recall_and_the_share_of_positives():
    scores, target = torch.tensor([[3.0], [2.0], [1.0], [0.0]]), torch.tensor([[1], [0], [1], [0]])
    (curve,) = precision_recall_curve(scores, target)
    drawn = places(draw_curve(curve))
    assert drawn[0] == (0.0, 0.0)  # the first image is right: precision 100 %
    assert drawn[-1] == (100.0, 50.0)


def test_class_without_positives_has_no_curve():
    (curve,) = precision_recall_curve(torch.tensor([[1.0], [2.0]]), torch.zeros(2, 1))
    assert draw_curve(curve) is None


def test_long_curves_are_thinned_to_what_can_be_seen(generator):
    scores, target = torch.randn(5000, 1, generator=generator), torch.rand(5000, 1, generator=generator) > 0.5
    (curve,) = precision_recall_curve(scores, target.float())
    assert len(draw_curve(curve)) < 4000


def test_thinning_keeps_both_ends():
    dense = [(x / 100, 0.0) for x in range(101)]
    assert (thin_places(dense)[0], thin_places(dense)[-1]) == (dense[0], dense[-1])
    assert thin_places([(1.0, 2.0)]) == [(1.0, 2.0)]


def test_histogram_fills_its_height_on_both_sides():
    chart = draw_scores(torch.tensor([0.0, 1.0, 1.0, 2.0]), torch.tensor([False, True, True, False]), 1.5)
    assert min(y for _, y in places(chart.with_class)) == 0.0
    assert min(y for _, y in places(chart.without_class)) == 0.0
    assert chart.threshold == 75.0


def test_threshold_beyond_all_scores_is_not_drawn():
    assert draw_scores(torch.tensor([0.0, 1.0]), torch.tensor([True, False]), 9.0).threshold is None


def test_equal_scores_and_single_epochs_draw():
    assert draw_scores(torch.ones(3), torch.tensor([True, False, True]), 1.0).with_class
    assert draw_line("loss", [1.0], [0.5], best=0).mark == (0.0, 100.0)
