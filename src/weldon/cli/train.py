"""``weldon train``: train with the fields of the recipe as flags; neither can drift from the other."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from weldon.cli.console import print_json, say
from weldon.cli.option_flags import (
    Verb,
    argument_parameter,
    field_parameters,
    flag_parameter,
    with_parameters,
)
from weldon.runs.recipe import Recipe
from weldon.runs.recipe_file import PRESETS, preset_text

OWN = {
    "out": (Path | None, None, "folder of the run [first free of runs/train, runs/train2, …]"),
    "preset": (
        str | None,
        None,
        "quick, best or paper: options below all others; shown by --preset NAME --help",
    ),
    "config": (Path | None, None, "TOML file with options; flags win"),
    "resume": (bool, False, "go on with the interrupted run in --out"),
    "overwrite": (bool, False, "replace the run in --out"),
    "json": (bool, False, "print one JSON object on standard output"),
}


class TrainCommand(Verb):
    """``weldon train``, whose help is the preset alone where one stands beside ``--help``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Look for a preset first: the help is printed before any flag is read."""
        pairs = zip(args, [*args[1:], ""], strict=True)
        named = [after if one == "--preset" else one.partition("--preset=")[2] for one, after in pairs]
        ctx.meta["preset"] = next((name for name in named if name in PRESETS), None)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the file of the preset; below ninety flags nobody would see it."""
        name = ctx.meta.get("preset")
        if name is None:
            super().format_help(ctx, formatter)
            return
        self.format_usage(ctx, formatter)
        with formatter.section(f"Preset {name}"):
            for line in preset_text(name).splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        formatter.write("\nWhat you give yourself wins. All options: weldon train --help\n")


def train(**options: Any) -> None:
    """Train on image-level labels: one command from a table of labels to a model that shows its evidence."""
    from weldon.runs.claim import is_first_process

    if is_first_process():
        say(f"reading {options['data']} ...")  # at once: what does the work takes seconds to load
    from weldon.report import write_report
    from weldon.runs.run_directory import open_run
    from weldon.training import train as train_run

    as_json = options.pop("json")
    own = {name: options.pop(name) for name in ("out", "config", "preset", "resume", "overwrite")}
    run = train_run(options.pop("data"), options.pop("labels"), **own, **_given(options))
    if not is_first_process():
        return
    say("writing the report: the surest answers and the worst mistakes of each class")
    page = write_report(open_run(run.path))
    say(f"report: {page}")
    if as_json:
        print_json({"run": str(run.path), **run.manifest_values})


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def signature() -> inspect.Signature:
    """Return the parameters of ``weldon train``: one an option of the recipe, then the command's own."""
    data = argument_parameter("data", Path, ..., "folder of images, a VOC devkit, or bags")
    own = [flag_parameter(name, kind, default, text) for name, (kind, default, text) in OWN.items()]
    return inspect.Signature([data, *field_parameters(Recipe, but=["data"], off=True), *own])


with_parameters(train, signature().parameters.values())
