from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weldon.structured import BagDataset, PerInstance

RANDOM = np.random.default_rng(0)
BAGS = [RANDOM.normal(loc=3.0, size=(size, 4)) for size in (2, 5, 3)]


def test_is_the_transformer_of_the_stacked_instances():
    found = PerInstance(StandardScaler()).fit_transform(BAGS)
    np.testing.assert_allclose(found.values, StandardScaler().fit_transform(np.concatenate(BAGS)))
    assert found.sizes.tolist() == [2, 5, 3]


def test_new_bags_are_transformed_by_what_was_fitted():
    model = PerInstance(StandardScaler()).fit(BAGS)
    expected = (BAGS[1] - np.concatenate(BAGS).mean(0)) / np.concatenate(BAGS).std(0)
    np.testing.assert_allclose(model.transform(BAGS[1:2])[0], expected)


def test_a_transformer_may_change_the_number_of_features():
    model = PerInstance(PCA(2)).fit(BAGS)
    assert model.n_features_in_ == 4
    assert model.transform(BAGS).num_features == 2


def test_sparse_bags_stay_sparse():
    bags = [sp.csr_array(np.abs(bag)) for bag in BAGS]
    found = PerInstance(TfidfTransformer()).fit_transform(bags)
    assert sp.issparse(found.values)
    assert found.sizes.tolist() == [2, 5, 3]


def test_the_transformer_that_was_given_is_not_fitted():
    given = StandardScaler()
    PerInstance(given).fit(BAGS)
    assert not hasattr(given, "mean_")


def test_steps_follow_one_another_in_a_pipeline():
    model = make_pipeline(PerInstance(StandardScaler()), PerInstance(PCA(3)))
    assert isinstance(model.fit_transform(BAGS), BagDataset)
    assert clone(model).get_params()["perinstance-2__transformer__n_components"] == 3


def test_transforming_before_fitting_is_refused():
    with pytest.raises(NotFittedError):
        PerInstance(StandardScaler()).transform(BAGS)
