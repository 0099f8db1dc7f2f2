"""Options are read from the source of a class, with the words and the default that stand there."""

from __future__ import annotations

import ast
import inspect
import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from weldon.class_options import KINDS, Option, kind_of, options_of, said_by
from weldon.losses import LOSSES
from weldon.pooling import GeneralisedPool, WildcatPool

SOURCE = '''
raise RuntimeError("read, not imported")


class Power:
    """Raise.

    Args:
        power: of the mean, which
            may be large.
        side: where it starts.

    Raises:
        UsageError: never.
    """

    tasks = ("multilabel",)
    scale: float = 3.0

    def __init__(self, *, power: Finite = -2.0, side: Literal["left", "right"] = "left") -> None: ...


class Bare:
    """Nothing is said of its option.

    Args:
        other: something else.
    """

    def __init__(self, *, power: float = 1.0): ...
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Name a module that breaks when it is imported."""
    (tmp_path / "powers.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    return "powers"


def test_options_are_read_without_importing(module):
    assert options_of(f"{module}:Power") == (
        Option("power", "Finite", -2.0, "of the mean, which may be large"),
        Option("side", "Literal['left', 'right']", "left", "where it starts"),
    )
    assert module not in sys.modules


def test_what_a_class_says_of_itself_is_read_too(module):
    assert said_by(f"{module}:Power", "tasks", ()) == ("multilabel",)
    assert said_by(f"{module}:Power", "colour", "red") == "red"


def test_an_option_that_nothing_is_said_of_is_the_authors_mistake(module):
    with pytest.raises(TypeError, match="Bare must give power a default, and a line under Args"):
        options_of(f"{module}:Bare")


def test_a_place_that_is_none_is_named(module):
    with pytest.raises(ModuleNotFoundError, match="no module nowhere"):
        options_of("nowhere:Power")


def test_a_class_that_is_loaded_is_read_alike():
    assert options_of(GeneralisedPool) == options_of("weldon.pooling.temperature:GeneralisedPool")
    assert [option.default for option in options_of(GeneralisedPool)] == [math.inf, -math.inf]


def test_the_source_of_a_class_is_read_once(monkeypatch):
    class Own:
        """Own nothing."""

        tasks = ("multilabel",)

    read = []
    source = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda thing: read.append(thing) or source(thing))
    for _ in range(3):
        assert options_of(Own) == ()
        assert said_by(Own, "tasks", ()) == ("multilabel",)
    assert read == [Own]


def test_one_thread_parses_at_a_time(monkeypatch):
    """Python 3.11 counts the depth of its parser for all threads together, and raises where two mix."""
    inside, most = [], []
    parse = ast.parse

    def slowly(source):
        inside.append(source)
        most.append(len(inside))
        time.sleep(0.02)
        inside.remove(source)
        return parse(source)

    monkeypatch.setattr(ast, "parse", slowly)
    made = [type(f"One{number}", (), {}) for number in range(4)]
    monkeypatch.setattr(inspect, "getsource", lambda thing: f"class {thing.__name__}:\n    tasks = ()\n")
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: said_by(one, "tasks", None), made)) == [()] * 4
    assert most == [1] * 4


def test_kinds_refuse_what_they_are_called_after():
    for name, wrong in (
        ("Finite", math.inf),
        ("PositiveRate", 0),
        ("float", math.nan),
        ("Maps", 0),
        ("Images", -1),
    ):
        with pytest.raises(ValidationError):
            TypeAdapter(KINDS[name]).validate_python(wrong)
    for wrong in ("nan", "-1", "much"):
        with pytest.raises(ValidationError, match="none, balanced or a finite number from 0"):
            TypeAdapter(KINDS["ClassWeight"]).validate_python(wrong)
    assert TypeAdapter(KINDS["float"]).validate_python(math.inf) == math.inf


def test_a_kind_that_no_flag_takes_is_refused_with_those_that_one_does():
    assert kind_of(Option("k", "Count", 1, ""), {"Count": int}) is int
    assert get_args(kind_of(Option("k", "Literal[1, 2]", 1, ""), {})) == (1, 2)
    with pytest.raises(TypeError, match=r"k must be annotated with a Literal or float, .*, not Tensor"):
        kind_of(Option("k", "Tensor", 1, ""), {})


@pytest.mark.parametrize("built", [WildcatPool, *LOSSES.data.values()])
def test_defaults_that_are_read_are_those_that_python_takes(built):
    from pkgutil import resolve_name

    loaded = resolve_name(built) if isinstance(built, str) else built
    defaults = {name: one.default for name, one in inspect.signature(loaded).parameters.items()}
    assert {option.name: option.default for option in options_of(built)} == {
        name: value for name, value in defaults.items() if value is not inspect.Parameter.empty
    }
