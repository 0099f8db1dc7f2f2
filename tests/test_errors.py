"""One family of errors: what each is caught as, how it reads, and with which status a command leaves."""

from __future__ import annotations

import json
import pickle
from importlib import metadata

import pytest

from weldon.errors import (
    DataError,
    MissingPackageError,
    UsageError,
    WeightsError,
    WeldonError,
    install_command,
)


def test_problems_are_listed_a_line_each_below_the_summary():
    error = DataError("labels.csv cannot be used:", (f"row {number}: odd" for number in (2, 5)))
    assert str(error) == "labels.csv cannot be used:\n  row 2: odd\n  row 5: odd"
    assert (error.summary, error.problems) == ("labels.csv cannot be used:", ("row 2: odd", "row 5: odd"))


def test_an_error_without_problems_is_one_line():
    assert str(DataError("no image")) == "no image"


@pytest.mark.parametrize(("kind", "status"), [(DataError, 1), (UsageError, 2), (WeightsError, 2)])
def test_bad_data_leaves_with_one_and_bad_use_with_two(kind, status):
    assert kind.exit_code == status
    assert issubclass(kind, WeldonError)


def test_a_bad_argument_is_a_value_error_too_and_bad_data_is_not():
    assert issubclass(UsageError, ValueError)
    assert not issubclass(DataError, ValueError)
    assert not issubclass(WeightsError, ValueError)


def test_an_error_comes_whole_out_of_a_worker_process():
    error = pickle.loads(pickle.dumps(DataError("two files:", ["a.png", "b.png"])))
    assert (error.summary, error.problems) == ("two files:", ("a.png", "b.png"))
    assert str(error) == "two files:\n  a.png\n  b.png"


@pytest.mark.parametrize(
    ("told", "command"),
    [
        (
            {"url": "file:///home/ada/my%20weldon", "dir_info": {"editable": True}},
            "pip install -e '/home/ada/my weldon[excel]'",
        ),
        ({"url": "file:///srv/weldon", "dir_info": {}}, "pip install '/srv/weldon[excel]'"),
        ({"url": "https://example.org/weldon.whl", "archive_info": {}}, "pip install 'weldon[excel]'"),
        (None, "pip install 'weldon[excel]'"),
    ],
)
def test_a_missing_package_is_installed_where_weldon_was_installed_from(monkeypatch, told, command):
    class Installed:
        def read_text(self, name):
            assert name == "direct_url.json"
            return told and json.dumps(told)

    monkeypatch.setattr(metadata, "distribution", lambda name: Installed())
    install_command.cache_clear()
    try:
        said = str(MissingPackageError("to read a.xlsx", "python-calamine", "excel"))
    finally:
        install_command.cache_clear()
    assert said == f"to read a.xlsx python-calamine must be installed: {command}"


def test_weldon_that_was_never_installed_is_named(monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    install_command.cache_clear()
    try:
        assert install_command("h5") == "pip install 'weldon[h5]'"
    finally:
        install_command.cache_clear()
