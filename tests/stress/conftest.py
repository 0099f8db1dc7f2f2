"""Runs on the shared cases, trained once."""

from __future__ import annotations

import pytest

from stress.shared_cases import CASES, train


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A run on the photographs of ``flat``."""
    return train(tmp_path_factory.mktemp("cases") / "run", CASES / "flat")


@pytest.fixture(scope="session")
def trained_on_bags(tmp_path_factory):
    out = tmp_path_factory.mktemp("bags") / "run"
    labels = ("--labels", CASES / "bags" / "labels.csv")
    return train(out, CASES / "bags" / "bags.csv", *labels, options=("--epochs", "2"))
