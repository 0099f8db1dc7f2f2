"""Parse the command line, call one function, print; a verb a file."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from weldon import __version__
from weldon.cli.check import check
from weldon.cli.compare import compare
from weldon.cli.console import out, show_log
from weldon.cli.data import data_app
from weldon.cli.demo import demo
from weldon.cli.explain import explain
from weldon.cli.export import export
from weldon.cli.leaving import run_command
from weldon.cli.next import next_images
from weldon.cli.option_flags import Verb
from weldon.cli.predict import predict
from weldon.cli.reproduce import reproduce
from weldon.cli.serve import serve
from weldon.cli.suspects import suspects
from weldon.cli.train import TrainCommand, train
from weldon.cli.val import ValCommand, val
from weldon.errors import UsageError

app = typer.Typer(
    help="What is in a picture, where, and which regions speak for and against: from image-level labels.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(cls=Verb)(check)
app.command(cls=TrainCommand)(train)
for verb in (predict, explain, export, demo, reproduce, serve, suspects, compare):
    app.command(cls=Verb)(verb)
app.command("next", cls=Verb)(next_images)
app.command(cls=ValCommand)(val)
app.add_typer(data_app, name="data")


def _say_version(asked: bool) -> None:
    if asked:
        out.print(f"weldon {__version__}")
        raise typer.Exit


@app.callback()
def _before_the_verb(
    version: Annotated[
        bool, typer.Option("--version", help="print the version", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Hold the options of no verb; the help of the whole command stands in ``app``."""


def main(arguments: list[str] | None = None) -> None:
    """Run one verb and leave with its exit status (:func:`~weldon.cli.leaving.run_command`)."""
    show_log()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show ends nothing
    sys.exit(run_command(lambda: _run(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> None:
    for argument in arguments:
        if not argument.isascii() and any("\ud800" <= letter <= "\udfff" for letter in argument):
            raise UsageError(f"{argument!r} is no UTF-8 text: rename the file or folder")
    app(arguments)
