"""Parameters that no dense CRF can have are refused by name."""

from __future__ import annotations

import math

import pytest

from weldon.crf.parameters import README_PARAMETERS, CRFParameters
from weldon.errors import UsageError


@pytest.mark.parametrize("name", ["spatial_sigma", "bilateral_sigma", "colour_sigma"])
@pytest.mark.parametrize("value", [0, -1.0, math.inf, math.nan])
def test_a_width_is_finite_and_above_zero(name, value):
    with pytest.raises(UsageError, match=f"{name} must be a finite number > 0, got {value}"):
        CRFParameters(**{name: value})


@pytest.mark.parametrize("name", ["spatial_weight", "bilateral_weight"])
@pytest.mark.parametrize("value", [-0.5, math.inf, math.nan])
def test_a_weight_may_be_zero_and_no_less(name, value):
    assert getattr(CRFParameters(**{name: 0}), name) == 0
    with pytest.raises(UsageError, match=f"{name} must be a finite number >= 0, got {value}"):
        CRFParameters(**{name: value})


@pytest.mark.parametrize("value", [-1, 2.0, True, math.nan])
def test_updates_are_counted(value):
    assert CRFParameters(iterations=0).iterations == 0
    with pytest.raises(UsageError, match=f"iterations must be an int >= 0, got {value}"):
        CRFParameters(iterations=value)


@pytest.mark.parametrize("value", ["3", None, [1.0]])
@pytest.mark.parametrize("name", ["colour_sigma", "spatial_weight"])
def test_what_is_no_number_is_refused_in_the_same_words(name, value):
    with pytest.raises(UsageError, match=f"{name} must be a finite number"):
        CRFParameters(**{name: value})


def test_the_readme_of_pydensecrf_is_kept_to():
    found = README_PARAMETERS
    assert (found.spatial_sigma, found.spatial_weight) == (3, 3)  # addPairwiseGaussian(sxy=3, compat=3)
    assert (found.bilateral_sigma, found.colour_sigma, found.bilateral_weight) == (80, 13, 10)
