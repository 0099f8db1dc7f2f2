"""Train with each setting of a grid, keep the best on held-back images, repeat it with other seeds.

Every benchmark on photographs goes this way: choices are made on a fifth of train (the run's own validation
images); the test images are looked at once, with the chosen setting, for each seed.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import weldon
from weldon.evaluation import evaluate
from weldon.files import write_text

Setting = dict[str, Any]


def settings(**grid: Sequence[Any]) -> list[Setting]:
    """Return every combination of the given option values."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def run_once(folder: Path, options: Setting) -> dict[str, Any]:
    """Train into ``folder`` unless it holds a finished run; return its manifest."""
    if not (folder / "manifest.json").exists():
        weldon.train(out=folder, overwrite=folder.exists(), progress=False, **options)
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


def tune(home: Path, fixed: Setting, grid: Sequence[Setting], seed: int) -> Setting:
    """Return the setting of ``grid`` that is best on the held-back images; its run becomes that seed's.

    Args:
        home: a folder for the runs of this row.
        fixed: the options all runs share.
        grid: the settings to try.
        seed: of every run of the grid.
    """
    tried = []
    for number, setting in enumerate(grid):
        manifest = run_once(home / f"tune{number}", {**fixed, **setting, "seed": seed})
        tried.append((manifest["validation"]["best"], number))
        print(f"  {home.name} {setting} -> {100 * tried[-1][0]:.2f} held back", flush=True)
    best = max(tried)[1]
    shutil.rmtree(home / f"seed{seed}", ignore_errors=True)
    (home / f"tune{best}").rename(home / f"seed{seed}")
    return grid[best]


def test_seeds(
    home: Path, fixed: Setting, chosen: Setting, seeds: Sequence[int], **measured: Any
) -> list[dict[str, Any]]:
    """Return the test figures of the chosen setting for each seed."""
    figures = []
    for seed in seeds:
        manifest = run_once(home / f"seed{seed}", {**fixed, **chosen, "seed": seed})
        figures.append(evaluate(home / f"seed{seed}", split="test", **measured))
        figures[-1] |= {"seed": seed, "seconds": manifest["seconds"]["training"]}
        figures[-1].pop("per_class", None)
    return figures


def tuned(
    home: Path, fixed: Setting, grid: Sequence[Setting], seeds: Sequence[int], **measured: Any
) -> dict[str, Any]:
    """Tune, then test with every seed.

    The answer is kept in ``home``: a second call costs nothing, and one that measures other things only
    measures.
    """
    answer, wanted = home / "answer.json", {name: str(value) for name, value in measured.items()}
    known: dict[str, Any] = json.loads(answer.read_text()) if answer.exists() else {}
    if known.get("measured") != wanted:
        home.mkdir(parents=True, exist_ok=True)
        chosen = known.get("chosen") or tune(home, fixed, grid, seeds[0])
        figures = test_seeds(home, fixed, chosen, seeds, **measured)
        known = {"chosen": chosen, "test": figures, "measured": wanted}
        write_text(answer, json.dumps(known, indent=1))
        for folder in home.glob("tune*"):
            shutil.rmtree(folder)
    return {"chosen": known["chosen"], "test": known["test"]}
