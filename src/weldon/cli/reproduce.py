"""``weldon reproduce``: the paper's tables, row by row, ours beside the paper's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weldon.cli.console import out, print_json, print_table, say
from weldon.device import HELP as DEVICE_HELP
from weldon.device import choose_device
from weldon.errors import UsageError
from weldon.progress import spell_seconds


def reproduce(
    table: Annotated[str | None, typer.Argument(help="table7, fig6, animals-table7, … [list them]")] = None,
    data_root: Annotated[
        Path, typer.Option("--data-root", help="where data sets lie", envvar="WELDON_DATA")
    ] = Path("data"),
    rows: Annotated[
        str | None, typer.Option(help="names of rows, with commas; empty: only print [all]")
    ] = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE, an option of weldon train; repeat it")
    ] = None,
    device: Annotated[str | None, typer.Option(help=DEVICE_HELP + " [the recipe's, else auto]")] = None,
    seeds: Annotated[str | None, typer.Option(help="seeds, with commas [the recipe's]")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would run, and how long")] = False,
    folder: Annotated[Path, typer.Option("--out", help="folder for runs and tables")] = Path(
        "runs/reproduce"
    ),
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Run rows of the paper's tables and print them beside the paper's numbers; run again to go on."""
    from weldon.recipes import list_tables, load_table

    if table is None:
        _list(list_tables(), load_table, json)
        return
    from weldon.reproduce import Workspace
    from weldon.reproduce import reproduce as run_table

    chosen = settings(options or []) | ({} if device is None else {"device": choose_device(device)})
    workspace = Workspace(data_root, folder, options=chosen, seeds=_numbers(seeds))
    names = None if rows is None else _names(rows)
    if dry_run:
        _show_plan(table, workspace, names, json)
        return
    results = run_table(table, workspace, rows=names)
    if table.endswith("fig6"):
        _draw(results, folder / "tables")
    if json:
        print_json(results.to_json())
    else:
        out.print(results.to_text(), markup=False, soft_wrap=True)
        say(f"tables: {folder / 'tables' / table}.txt, .csv, .html, .json")


def settings(given: list[str]) -> dict[str, str]:
    """Return options from ``NAME=VALUE``.

    Raises:
        UsageError: a text without ``=``.

    Example:
        >>> settings(["epochs=3", "image-size=224"])
        {'epochs': '3', 'image_size': '224'}
    """
    if wrong := [text for text in given if "=" not in text]:
        raise UsageError(f"--set must be NAME=VALUE, got {wrong[0]!r}")
    pairs = (text.split("=", 1) for text in given)
    return {name.strip().replace("-", "_"): value for name, value in pairs}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _numbers(text: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in _names(text or ""))
    except ValueError:
        raise UsageError(f"--seeds must be numbers with commas, got {text!r}") from None


def _list(names: list[str], load_table: Any, json: bool) -> None:
    tables = [load_table(name) for name in names]
    if json:
        print_json({"tables": {table.name: [row.name for row in table.rows] for table in tables}})
        return
    for table in tables:
        out.print(f"{table.name}: {table.title}", markup=False)
        out.print(f"    {', '.join(row.name for row in table.rows)}", markup=False)


def _show_plan(table: str, workspace: Any, rows: tuple[str, ...] | None, json: bool) -> None:
    from dataclasses import asdict

    from weldon.reproduce.run_rows import plan

    steps = plan(table, workspace, rows=rows)
    if json:
        print_json({"table": table, "steps": [asdict(step) for step in steps]})
        return
    cells = [
        [
            s.row,
            s.source,
            str(s.runs),
            spell_seconds(s.seconds),
            s.hardware,
            s.absent and f"not run: {s.absent}",
        ]
        for s in steps
    ]
    print_table(table, ["row", "data", "runs to train", "estimate", "on", ""], cells)
    ready = sum(step.seconds for step in steps if not step.absent)
    say(f"estimated time to train what can run here: {spell_seconds(ready)}")


def _draw(results: Any, folder: Path) -> None:
    """Draw Fig. 6 for each column that has a point of the curve."""
    from weldon.data.image import write_picture
    from weldon.report import pooling_figure

    for column in results.table.columns:
        cells = {row.title: results.cells[row.name, column.data].figures for row in results.table.rows}
        rows = {title: {"test": figures} for title, figures in cells.items() if figures}
        if any(title.startswith("WELDON") for title in rows):
            path = folder / f"{results.table.name}-{column.key}.png"
            write_picture(path, pooling_figure(rows, measure=column.key))
            say(f"figure: {path}")
