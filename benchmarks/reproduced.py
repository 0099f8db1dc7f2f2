"""Tables of `weldon reproduce` on the photographs that are here, as JSON with commit and machine beside them.

The figures are written into the recipes' headers too.

python benchmarks/reproduced.py animals-table7 --out runs/reproduce
python benchmarks/reproduced.py animals-table7 --finished     # runs nothing: only what was run before
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import weldon.recipes
from photographs import DATA, WEIGHTS
from provenance import commit, read_results, write_results
from weldon.files import write_text
from weldon.recipes import Row
from weldon.reproduce import Workspace, reproduce
from weldon.reproduce.outcome import Results, spread

NAMES = {"animals-fig6": "pooling_analysis", "animals-table8": "table8"}  # results that had a name before
RECIPES = Path(weldon.recipes.__file__).parent


def main(table: str | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/reproduce"))
    parser.add_argument("--finished", action="store_true", help="run nothing, write what was run before")
    if table is None:
        parser.add_argument("tables", nargs="+", help="animals-fig6, animals-table7, …")
    options = parser.parse_args()
    for one in [table] if table else options.tables:
        place = Workspace(DATA, options.out, weights=WEIGHTS)
        results = reproduce(one, place, rows=() if options.finished else None)
        print(results.to_text())
        name = NAMES.get(one, one.replace("-", "_"))
        path = write_results(name, read_results(name) | as_rows(results))  # rows of other sessions stay
        for row in results.table.rows:
            write_header(results, row, path.relative_to(path.parents[2]))


def as_rows(results: Results) -> dict[str, Any]:
    """Return what each finished row came to, by its title: chosen setting, figures of each seed, runs."""
    rows = {}
    for row in results.table.rows:
        for source in results.table.sources:
            cell = results.cells[row.name, source.name]
            chosen = cell.chosen[0] if len(cell.chosen) == 1 else cell.chosen
            if not cell.reason:
                rows[row.title] = {
                    "commit": commit(),
                    "chosen": chosen,
                    "test": cell.figures,
                    "runs": cell.runs,
                }
    return rows


def write_header(results: Results, row: Row, source: Path) -> None:
    """Write the measured figures into the head of the row's recipe, if there are any."""
    columns = [column for column in results.table.columns if results.values(row.name, column)]
    figures = ", ".join(f"{c.title} {spread(results.values(row.name, c))}" for c in columns)
    if figures:
        path = RECIPES / results.table.name / f"{row.name}.toml"
        text = path.read_text(encoding="utf-8")
        line = f"# Measured: {figures} ({source.as_posix()})."
        write_text(path, re.sub(r"^# Measured:.*$", line, text, count=1, flags=re.M))


if __name__ == "__main__":
    main()
