from __future__ import annotations

import numpy as np
import pytest
import torch

from weldon.errors import UsageError
from weldon.structured import bag_evidence, build_latent_rule

SCORES = torch.tensor([[3.0, -1.0], [0.5, 4.0], [-2.0, 0.0], [1.0, 2.0]], dtype=torch.float64)  # (R, C)
CLASSES = ("cat", 7)
HARD = {
    "lssvm": {},
    "gap": {},
    "mantra": {},
    "weldon": {"k_max": 2, "k_min": 3},
    "wildcat": {"k_max": 2, "k_min": 1, "alpha": 0.7, "maps_per_class": 1},
}


def _found(name: str, flat: torch.Tensor = SCORES, **options):
    return bag_evidence(flat, build_latent_rule(name, **options), CLASSES)


@pytest.mark.parametrize("name", HARD)
def test_the_parts_add_up_to_the_score_of_the_pooling(name):
    found = _found(name, **HARD[name])
    pooled = build_latent_rule(name, **HARD[name])(SCORES.T.unsqueeze(0))[0]
    for column, label in enumerate(CLASSES):
        parts = [*found.top(label), *found.low(label)]
        assert found.score(label) == pytest.approx(float(pooled[column]))
        assert sum(part.contribution for part in parts) == pytest.approx(found.score(label))
        assert found.remainder(label) == pytest.approx(0, abs=1e-6)


def test_a_contribution_is_weight_times_score():
    found = _found("weldon", k_max=2, k_min=2)
    for part in (*found.top("cat"), *found.low("cat")):
        assert part.score == float(SCORES[part.index, 0])
        assert part.contribution == pytest.approx(part.weight * part.score)


def test_the_strongest_instance_comes_first_on_both_sides():
    found = _found("weldon", k_max=2, k_min=2)
    assert [part.index for part in found.top("cat")] == [0, 3]
    assert [part.index for part in found.low("cat")] == [2, 1]
    assert [part.index for part in found.top(7)] == [1, 3]


def test_max_pooling_has_nothing_against():
    found = _found("lssvm")
    assert [(part.index, part.weight) for part in found.top("cat")] == [(0, 1.0)]
    assert found.low("cat") == ()


def test_an_instance_may_speak_for_and_against():
    found = _found("mantra", SCORES[:1])
    assert [part.index for part in (*found.top("cat"), *found.low("cat"))] == [0, 0]
    assert found.score("cat") == 3.0


def test_a_soft_rule_says_what_its_parts_leave():
    found = _found("hcrf")
    parts = sum(part.contribution for part in (*found.top("cat"), *found.low("cat")))
    assert abs(found.remainder("cat")) > 0.01
    assert parts + found.remainder("cat") == pytest.approx(found.score("cat"))


def test_columns_go_by_the_names_of_the_classes():
    found = _found("mantra")
    assert found.scores.shape == (2,)
    assert found.instance_scores.shape == found.positive.shape == found.negative.shape == (4, 2)
    np.testing.assert_allclose(found.instance_scores, SCORES)
    assert found.score(7) == 1.5  # (4 - 1) / 2


def test_an_unknown_class_is_refused_with_the_list():
    with pytest.raises(UsageError, match="cat, 7, got 'dog'"):
        _found("mantra").top("dog")


def test_a_pooling_that_cannot_say_what_it_used_is_refused():
    class Mine(torch.nn.Module):
        def forward(self, scores, mask=None):
            return scores.amax(-1)

    with pytest.raises(UsageError, match="region_weights"):
        bag_evidence(SCORES, Mine(), CLASSES)
