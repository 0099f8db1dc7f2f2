"""Turn the fields of an option object into flags of a verb, so that neither can drift from the other."""

from __future__ import annotations

import difflib
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from typer.core import TyperCommand

from weldon.cli.console import say
from weldon.data.stores import address_of
from weldon.errors import UsageError
from weldon.runs.run_directory import open_run

SHORT = {"batch_size": "-b", "workers": "-j", "config": "-c"}
ALIKE = 0.75  # of two names, as difflib measures it: what is less alike is another option, not a slip
# Typer brings its own click, or takes the one that is installed, by its version.
_NO_SUCH_OPTION: Any = sys.modules[typer.BadParameter.__module__].NoSuchOption
WRITTEN = ("out", "cache")  # options that name what a verb writes
SHORTEST = 3  # letters of a name that may stand for a longer one
RUNS = ("run", "runs", "others")  # what a verb calls the run, or the runs, that it reads


class Verb(TyperCommand):
    """A verb whose refusal of an unknown option names those that it may have been meant to be, no others.

    It writes on a disk of this machine: where it is to write, an address of an object store is refused.
    The runs that it reads are looked for first, and a line says so: what does the work takes seconds to load.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the verb, once the folders that it takes for runs are known to be some."""
        if runs := [open_run(run).path for run in named_runs(ctx.params)]:
            say(f"reading the {'run' if len(runs) == 1 else 'runs'} {', '.join(map(str, runs))} ...")
        return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line."""
        try:
            rest = super().parse_args(ctx, args)
        except _NO_SUCH_OPTION as error:
            near = alike(error.option_name, error.possibilities or ())
            raise _NO_SUCH_OPTION(error.option_name, possibilities=near, ctx=error.ctx) from None
        for name in WRITTEN:
            if address := address_of(ctx.params.get(name) or ""):
                raise UsageError(
                    f"--{name} must be on a disk of this machine, got {address}: copy the files there later"
                )
        return rest


def named_runs(parameters: Mapping[str, Any]) -> list[Path]:
    """Return the folders that a verb takes for runs, from its parameters by name.

    Example:
        >>> [str(run) for run in named_runs({"run": Path("a"), "others": [Path("b")], "out": Path("c")})]
        ['a', 'b']
    """
    given = [parameters.get(name) or () for name in RUNS]
    return [run for one in given for run in ((one,) if isinstance(one, Path) else one)]


def alike(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that ``name`` may be a slip of, or that begin as it does.

    Example:
        >>> alike("--epoch", ["--no-resume", "--epochs"]), alike("--batch-sise", ["--batch-size"])
        (['--epochs'], ['--batch-size'])
        >>> alike("--learning-rate", ["--calibrate"]), alike("--output", ["--out"])
        ([], ['--out'])
    """

    def is_near(one: str, other: str) -> bool:
        short, long = sorted((one, other), key=len)
        begins = len(short) >= SHORTEST and long.startswith(short)
        return begins or difflib.SequenceMatcher(None, one, other).ratio() >= ALIKE

    return [other for other in names if is_near(name.lstrip("-"), other.lstrip("-"))]


def field_parameters(
    model: type[BaseModel], *, but: Iterable[str] = (), off: bool = False
) -> list[inspect.Parameter]:
    """Return a parameter for each field of an option object, its description being the help; None: not given.

    Args:
        model: what a verb reads.
        but: fields that are no flags.
        off: whether a switch can be turned off too, with ``--no-…``.
    """
    return [
        flag_parameter(name, _kind(field.annotation) | None, None, _help(field), off=off)
        for name, field in model.model_fields.items()
        if name not in but
    ]


def flag_parameter(
    name: str, kind: Any, default: Any, text: str, *, off: bool = False, flag: str | None = None
) -> inspect.Parameter:
    """Return a parameter of a verb that is given as a flag.

    Args:
        name: with underscores.
        kind: what its text is read as.
        default: where it is not given.
        text: for people.
        off: whether a switch can be turned off too, with ``--no-…``.
        flag: where the flag is not called as the parameter.
    """
    dashed = flag or name.replace("_", "-")
    switch = off and bool in (kind, *get_args(kind))
    spelt = f"--{dashed}/--no-{dashed}" if switch else f"--{dashed}"
    short = [SHORT[name]] if name in SHORT else []
    return _parameter(name, kind, default, typer.Option(spelt, *short, help=text, show_default=False))


def argument_parameter(name: str, kind: Any, default: Any, text: str) -> inspect.Parameter:
    """Return a parameter of a verb that is given by its place; ``...`` as default: it must be given."""
    return _parameter(name, kind, default, typer.Argument(help=text))


def with_parameters(
    verb: Callable[..., None], parameters: Iterable[inspect.Parameter]
) -> Callable[..., None]:
    """Return the verb, which takes its options by name, with the parameters that typer is to see."""
    signature = inspect.Signature(list(parameters))
    verb.__signature__ = signature  # type: ignore[attr-defined]
    verb.__annotations__ = {name: one.annotation for name, one in signature.parameters.items()}
    return verb


def _parameter(name: str, kind: Any, default: Any, info: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is ... else default,
        annotation=Annotated[kind, info],
    )


def _kind(annotation: Any) -> Any:
    return bool if annotation is bool else flag_type(annotation)


def flag_type(annotation: Any) -> Any:
    """Return what a flag's text is first read as: choices, numbers and paths as such, else text."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return flag_type(kinds[0]) if len(kinds) == 1 else str
    if get_origin(annotation) is Annotated:
        return flag_type(get_args(annotation)[0])
    if get_origin(annotation) is tuple and get_args(annotation) == (Path, ...):
        return list[Path]
    if get_origin(annotation) is tuple and len(get_args(annotation)) == 2 and ... not in get_args(annotation):
        return tuple[float, float]
    if get_origin(annotation) is Literal or annotation in (int, float, Path):
        return annotation
    return str


def _help(field: Any) -> str:
    nothing = field.default in (None, ()) or field.default is False
    return str(field.description) if nothing else f"{field.description} [{field.default}]"
