"""Every ``weldon …`` line quoted in README and docs names verbs, flags and values that the program takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from docs.pages import PAGES, blocks, names, words
from weldon.cli import app

INLINE = re.compile(r"`(weldon [a-z][^`]*)`")
LINE = re.compile(r"^(?:\$ )?(weldon [a-z].*)$", re.MULTILINE)


def lines_of_blocks(page: Path) -> list[str]:
    shell = [text.replace("\\\n", " ") for text in blocks(page, "", "sh", "bash", "console")]
    return [found for text in shell for found in LINE.findall(text)]


def command_of(line: str) -> tuple[Any, list[str]]:
    """Return the command of a line and the words that follow it."""
    rest = shlex.split(line, comments=True)[1:]
    command: Any = typer.main.get_command(app)
    while rest and hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]  # KeyError: there is no such verb
    return command, rest


def parse(line: str) -> None:
    """Parse a whole line, and run nothing."""
    command, rest = command_of(line)
    if not hasattr(command, "commands"):
        command.make_context("weldon", rest).close()


def check_flags(line: str) -> None:
    """Look at the flags alone: in running text a line may stop before its arguments."""
    command, rest = command_of(line)
    known = {
        flag
        for one in command.get_params(typer.Context(command))
        for flag in (*one.opts, *one.secondary_opts)
    }
    assert not {word for word in rest if word.startswith("-")} - known


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_command_lines_parse(page):
    for line in lines_of_blocks(page):
        try:
            parse(line)
        except Exception as error:
            pytest.fail(f"{line}: {error!r}")


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_flags_in_running_text_exist(page):
    for line in INLINE.findall(words(page)):
        try:
            check_flags(line)
        except Exception as error:
            pytest.fail(f"{line}: {error!r}")


@pytest.mark.parametrize(
    "line", ["weldon train x --no-flag", "weldon paint x", "weldon train x --epochs many"]
)
def test_a_wrong_line_is_noticed(line):
    with pytest.raises((KeyError, typer.BadParameter.__base__)):
        parse(line)


def test_a_wrong_flag_is_noticed():
    with pytest.raises(AssertionError):
        check_flags("weldon val --no-flag")
