"""``weldon val``: measure a run on images it was not trained on, and print its figures.

Each figure is of a measure, a file in ``weldon/evaluation/measures/``: its flag, name and column are there.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from weldon.cli.console import out, print_json, print_table
from weldon.cli.max_pixels import MaxPixels
from weldon.cli.option_flags import (
    Verb,
    argument_parameter,
    field_parameters,
    flag_parameter,
    with_parameters,
)

NO_FLAGS = {"data", "others", "progress", "flags"}  # options that have a flag of another kind, or none


def val(**options: Any) -> None:
    """Measure a run: average precision, accuracy, and where truth is given, points, boxes and masks."""
    from weldon.evaluation import evaluate

    as_json = options.pop("json")
    options.pop("max_pixels")  # its flag has done it
    run, data = options.pop("run"), options.pop("data")
    figures = evaluate(run, data, progress=not as_json, **options)
    if as_json:
        print_json(figures)
    else:
        _show(figures)


class ValCommand(Verb):
    """``weldon val`` with a flag for each that the measures read, looked up when the verb is used."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Return the context of the verb with all its flags."""
        return _whole_command().make_context(info_name, args, parent, **extra)

    def get_params(self, ctx: Any) -> Any:
        """Return all flags, those of the measures too."""
        return _whole_command().get_params(ctx)


def _whole_command() -> Verb:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

    def whole(**options: Any) -> None:
        val(**options)

    whole.__doc__ = val.__doc__
    app.command(name="val", cls=Verb)(with_parameters(whole, _parameters()))
    command = typer.main.get_command(app)
    assert isinstance(command, Verb)
    return command


def _parameters() -> Iterator[inspect.Parameter]:
    from weldon.evaluation.measures.registry import measure_flags
    from weldon.evaluation.options import AtTestTime, EvaluationOptions

    yield argument_parameter("run", Path, ..., "run directory; it remembers its data")
    yield argument_parameter("data", Path | None, None, "other labelled images [the run's own]")
    yield from field_parameters(EvaluationOptions, but=NO_FLAGS | AtTestTime.model_fields.keys())
    for flag in measure_flags().values():
        switch = flag.kind is bool
        yield flag_parameter(
            flag.name, bool if switch else flag.kind | None, False if switch else None, flag.help
        )
    yield from field_parameters(AtTestTime)
    others = EvaluationOptions.model_fields["others"].description
    yield flag_parameter("others", list[Path] | None, None, str(others), flag="with")
    yield inspect.Parameter("max_pixels", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=MaxPixels)
    yield flag_parameter("json", bool, False, "print one JSON object")


def _show(figures: dict[str, Any]) -> None:
    from weldon.evaluation.measures.registry import class_columns, described
    from weldon.evaluation.selection import seen_words

    columns = class_columns()
    per_class: dict[str, dict[str, Any]] = figures["per_class"]
    shown = [name for name in columns if any(name in values for values in per_class.values())]
    rows = [[name, *(_cell(values.get(column)) for column in shown)] for name, values in per_class.items()]
    print_table("by class, in %", ["class", *(columns[name] for name in shown)], rows)
    if "images" in figures:
        out.print(f"{'measured':24} {figures['images']}")  # images, or bags
    for name, value in figures.items():
        if isinstance(value, float):
            out.print(f"{name:24} {100 * value:.2f}")
    for name, value in figures.get("scales", {}).items():
        out.print(f"{name}: {100 * value:.2f}", markup=False)
    for line in described(figures):
        out.print(line, markup=False)
    if words := seen_words(figures.get("seen")):
        out.print(words, markup=False, soft_wrap=True)


def _cell(value: float | None) -> str:
    if value is None or value != value:
        return ""
    return str(value) if isinstance(value, int) else f"{100 * value:.1f}"


with_parameters(val, ())  # the flags are those of ValCommand
