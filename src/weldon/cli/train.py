"""``weldon train``: train with the fields of the recipe as flags; neither can drift from the other."""

from __future__ import annotations

import inspect
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

from weldon.cli.console import print_json, say
from weldon.runs.recipe import Recipe

SHORT = {"batch_size": "-b", "workers": "-j"}
OWN = {
    "out": (Path | None, None, "folder of the run [first free of runs/train, runs/train2, …]"),
    "config": (Path | None, None, "TOML file with options; flags win"),
    "resume": (bool, False, "go on with the interrupted run in --out"),
    "overwrite": (bool, False, "replace the run in --out"),
    "json": (bool, False, "print one JSON object on standard output"),
}


def train(**options: Any) -> None:
    """Train on image-level labels: one command from a table of labels to a model that shows its evidence."""
    from weldon.report import write_report
    from weldon.runs.out_directory import is_first_process
    from weldon.runs.run_directory import open_run
    from weldon.training import train as train_run

    as_json = options.pop("json")
    own = {name: options.pop(name) for name in ("out", "config", "resume", "overwrite")}
    run = train_run(options.pop("data"), options.pop("labels"), **own, **_given(options))
    if not is_first_process():
        return
    page = write_report(open_run(run.path))
    say(f"report: {page}")
    if as_json:
        print_json({"run": str(run.path), **run.manifest_values})


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def signature() -> inspect.Signature:
    """Return the parameters of ``weldon train``: one an option of the recipe, then the command's own."""
    parameters = [_parameter("data", Path, ..., "folder of images, a VOC devkit, or bags", argument=True)]
    for name, field in Recipe.model_fields.items():
        if name != "data":
            kind = bool if field.annotation is bool else flag_type(field.annotation)
            parameters.append(_parameter(name, kind | None, None, _help(name, field)))
    parameters += [_parameter(name, kind, default, text) for name, (kind, default, text) in OWN.items()]
    return inspect.Signature(parameters)


def flag_type(annotation: Any) -> Any:
    """Return what a flag's text is first read as: choices, numbers and paths as such, else text."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return flag_type(kinds[0]) if len(kinds) == 1 else str
    if get_origin(annotation) is Annotated:
        return flag_type(get_args(annotation)[0])
    if get_origin(annotation) is Literal or annotation in (int, float, Path):
        return annotation
    return str


def _help(name: str, field: Any) -> str:
    shown = "" if field.default is None else f" [{field.default}]"
    return f"{field.description}{shown}"


def _parameter(name: str, kind: Any, default: Any, text: str, *, argument: bool = False) -> inspect.Parameter:
    if argument:
        info: Any = typer.Argument(help=text)
    else:
        dashed = name.replace("_", "-")
        flags = [f"--{dashed}/--no-{dashed}" if kind == bool | None else f"--{dashed}"]
        short = [SHORT[name]] if name in SHORT else ["-c"] if name == "config" else []
        info = typer.Option(*flags, *short, help=text, show_default=False)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is ... else default,
        annotation=Annotated[kind, info],
    )


train.__signature__ = signature()  # type: ignore[attr-defined]
train.__annotations__ = {p.name: p.annotation for p in signature().parameters.values()}
