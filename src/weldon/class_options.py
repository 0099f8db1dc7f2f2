"""The options of poolings and losses, read from their source, so that flags and help come before torch."""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

Definition = ast.ClassDef | ast.FunctionDef
_PARSER = threading.Lock()  # two threads that parse at once break off in Python 3.11 (SystemError)


def number_of(text: str, otherwise: float = -1.0) -> float:
    """Return the number that a text is, else another."""
    try:
        return float(text)
    except ValueError:
        return otherwise


def _no_nan(value: float) -> float:
    if math.isnan(value):
        raise ValueError("must be a number")
    return value


def _weight(value: str) -> str:
    if value not in ("none", "balanced") and not 0 <= number_of(value) < math.inf:
        raise ValueError("must be none, balanced or a finite number from 0")
    return value


Finite = Annotated[float, Field(allow_inf_nan=False)]
Rate = Annotated[float, Field(allow_inf_nan=False, le=1e6)]  # float32 holds the product of two
PositiveRate = Annotated[float, Field(gt=0, allow_inf_nan=False, le=1e6)]
Real = Annotated[float, AfterValidator(_no_nan)]  # infinity too: the maximum
Images = Annotated[int, Field(ge=0, le=10_000_000)]
Maps = Annotated[int, Field(ge=1)]
ClassWeight = Annotated[str, AfterValidator(_weight)]

# What an option may be annotated with, as it is written there.
KINDS: dict[str, Any] = {
    **{"float": Real, "Finite": Finite, "Rate": Rate, "PositiveRate": PositiveRate},
    **{"int": int, "Images": Images, "Maps": Maps, "bool": bool, "str": str, "ClassWeight": ClassWeight},
}


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword argument of a pooling or a loss.

    Args:
        name: of the argument, of the flag and of the field in a recipe.
        annotation: what values it takes, as it is written.
        default: its value where none is given.
        help: one sentence, from the docstring.
    """

    name: str
    annotation: str
    default: Any
    help: str


def kind_of(option: Option, more: Mapping[str, Any]) -> Any:
    """Return what values an option takes, as pydantic understands it.

    Args:
        option: annotated with a ``Literal``, a name of :data:`KINDS`, or one of ``more``.
        more: further kinds by name.

    Raises:
        TypeError: it is annotated with something else.

    Example:
        >>> kind_of(Option("side", "Literal['left', 'right']", "left", "which side"), {})
        typing.Literal['left', 'right']
    """
    kinds = {**KINDS, **more}
    if option.annotation in kinds:
        return kinds[option.annotation]
    if option.annotation.startswith("Literal["):
        return Literal[ast.literal_eval(f"({option.annotation[8:-1]},)")]
    raise TypeError(
        f"{option.name} must be annotated with a Literal or {', '.join(kinds)}, not {option.annotation}"
    )


@cache
def options_of(thing: str | Callable[..., Any]) -> tuple[Option, ...]:
    """Return the options of a class: the keyword arguments of its ``__init__``, said in its docstring.

    Args:
        thing: the class, or a function that builds one; or where it stands, as ``"module:Name"``, which is
            then read and not imported.

    Raises:
        TypeError: an option without a default, or without a line in the docstring.

    Example:
        >>> options_of("weldon.pooling.rank_weighted:GWRPPool")[0].default
        0.996
    """
    definition = _definition(thing)
    said = dict(_arguments(ast.get_docstring(definition) or ""))
    function = definition if isinstance(definition, ast.FunctionDef) else _init(definition)
    if function is None:
        return ()
    pairs = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return tuple(_option(argument, default, said, definition.name) for argument, default in pairs)


def said_by(thing: str | Callable[..., Any], name: str, otherwise: Any) -> Any:
    """Return what a class gives as its attribute ``name``, written out in its body; else ``otherwise``.

    Example:
        >>> said_by("weldon.class_options:Option", "unheard", 3)
        3
    """
    assigned = (node for node in _definition(thing).body if isinstance(node, ast.Assign))
    found = (node.value for node in assigned if name in map(ast.unparse, node.targets))
    value = next(found, None)
    return otherwise if value is None else ast.literal_eval(value)


@cache  # a search of heads asks for each head that it builds, and reading the source takes longer than a step
def _definition(thing: str | Callable[..., Any]) -> Definition:
    if isinstance(thing, str):
        module, _, name = thing.partition(":")
        return _definitions(module)[name]
    (definition,) = _parsed(textwrap.dedent(inspect.getsource(thing))).body
    assert isinstance(definition, Definition)
    return definition


@cache
def _definitions(module: str) -> Mapping[str, Definition]:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module {module}")
    tree = _parsed(Path(spec.origin).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, Definition)}


def _parsed(source: str) -> ast.Module:
    with _PARSER:
        return ast.parse(source)


def _init(definition: ast.ClassDef) -> ast.FunctionDef | None:
    functions = (node for node in definition.body if isinstance(node, ast.FunctionDef))
    return next((node for node in functions if node.name == "__init__"), None)


def _option(argument: ast.arg, default: ast.expr | None, said: Mapping[str, str], owner: str) -> Option:
    name = argument.arg
    if default is None or name not in said:
        raise TypeError(f"{owner} must give {name} a default, and a line under Args in its docstring")
    annotation = ast.unparse(argument.annotation) if argument.annotation else ""
    return Option(name, annotation, _value(default), said[name])


def _value(default: ast.expr) -> Any:
    text = ast.unparse(default)
    return float(text.replace("math.", "")) if text.lstrip("-") == "math.inf" else ast.literal_eval(default)


def _arguments(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield the arguments of a docstring in Google's style with what it says of each."""
    _, _, rest = docstring.partition("Args:\n")
    section = rest.split("\n\n")[0]
    for entry in textwrap.dedent(section).replace("\n    ", " ").splitlines():
        name, _, words = entry.partition(": ")
        yield name, words.strip().rstrip(".")
