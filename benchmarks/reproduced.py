"""Tables of `weldon reproduce` on the photographs that are here, as JSON with commit and machine beside them.

python benchmarks/reproduced.py animals-table7 --out runs/reproduce
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from photographs import DATA, WEIGHTS
from provenance import write_results
from weldon.reproduce import Place, reproduce


def reproduce_and_write(table: str, name: str, out: Path) -> None:
    """Run a table, or read what was run before, and write ``benchmarks/results/NAME.json``."""
    results = reproduce(table, Place(DATA, out, weights=WEIGHTS))
    rows: dict[str, Any] = {}
    for row in results.table.rows:
        for source in results.table.sources:
            cell = results.cells[row.name, source.name]
            chosen = cell.chosen[0] if len(cell.chosen) == 1 else cell.chosen
            measured = {"chosen": chosen, "test": cell.figures, "runs": cell.runs}
            rows[row.title] = {"reason": cell.reason} if cell.reason else measured
    print(results.to_text())
    write_results(name, rows)


def main(table: str | None = None, name: str | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/reproduce"))
    if table is None:
        parser.add_argument("tables", nargs="+", help="animals-fig6, animals-table7, …")
    options = parser.parse_args()
    for one in [table] if table else options.tables:
        reproduce_and_write(one, name or one.replace("-", "_"), options.out)


if __name__ == "__main__":
    main()
