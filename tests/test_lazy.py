"""Names that are loaded when they are first used."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from weldon.lazy import LazyDict

PACKAGE = """
from __future__ import annotations
from typing import TYPE_CHECKING
from weldon.lazy import lazy_names
if TYPE_CHECKING:
    from {name} import below
    from {name}.below import ANSWER, unused
__getattr__, __dir__ = lazy_names(__name__)
__all__ = ["ANSWER", "below"]
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch):
    """Return a package that loads its names when they are first used."""
    name = "lazy_for_a_test"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text(PACKAGE.format(name=name))
    (folder / "below.py").write_text("ANSWER = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__(name)
    for loaded in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[loaded]


def test_a_name_is_loaded_when_it_is_first_used_and_then_stays(package):
    assert "lazy_for_a_test.below" not in sys.modules
    assert package.ANSWER == 42
    assert package.below is sys.modules["lazy_for_a_test.below"]
    assert vars(package)["ANSWER"] == 42


def test_names_can_be_listed_before_they_are_loaded(package):
    assert dir(package) == ["ANSWER", "below"]
    assert "lazy_for_a_test.below" not in sys.modules


def test_an_unknown_name_lists_those_that_there_are(package):
    with pytest.raises(AttributeError, match="'lazy_for_a_test' has no attribute 'x'; it has ANSWER, below"):
        _ = package.x
    assert not hasattr(package, "__wrapped__")


def test_values_of_a_dictionary_are_imported_when_read_and_may_be_given_as_they_are():
    names = LazyDict({"half": "fractions:Fraction"})
    names["mine"] = dict
    assert list(names) == ["half", "mine"]
    assert names["half"](1, 2) == names["half"](2, 4)
    assert names["mine"] is dict
    with pytest.raises(KeyError):
        _ = names["no"]


def test_a_function_is_handed_out_where_its_module_has_the_same_name(package, tmp_path):
    """Whichever is imported first: the module itself sets its name in the package once it is loaded."""
    home = tmp_path / "lazy_for_a_test"
    (home / "work.py").write_text("def work():\n    return 7\n")
    (home / "__init__.py").write_text(
        PACKAGE.format(name="lazy_for_a_test").replace(
            "import ANSWER, unused", "import ANSWER\n    from lazy_for_a_test.work import work"
        )
    )
    for loaded in [module for module in sys.modules if module.startswith("lazy_for_a_test")]:
        del sys.modules[loaded]
    __import__("lazy_for_a_test.work")
    assert sys.modules["lazy_for_a_test"].work() == 7


def test_the_package_goes_to_another_process_by_its_name(package):
    """A function of a script takes the modules that it uses along; cloudpickle has no rule for this one."""
    assert pickle.loads(pickle.dumps(package)) is package
