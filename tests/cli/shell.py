"""Run the command line as a shell does: an exit status, and what was printed."""

from __future__ import annotations

import pytest

from weldon.cli import main


def run(capsys, *arguments):
    """Return the exit status of ``weldon ARGUMENTS`` and what it wrote to standard output and error."""
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return left.value.code, capsys.readouterr()
