"""Choose the schedule of `make demo`: the learning rate at which max pooling does best on validation scenes.

python benchmarks/demo_schedule.py             # about nine minutes on one core
"""

from __future__ import annotations

import statistics
from pathlib import Path

from provenance import write_results
from weldon.data.scenes import make_scenes, write_scenes
from weldon.report.demo import COUNTS, SCHEDULE
from weldon.training import train

RATES = (5e-4, 1e-3, 2e-3, 4e-3)
SEEDS = (0, 1, 2)  # max pooling depends much on its start: one seed would choose by luck
OUT = Path("runs/demo_schedule")


def main() -> None:
    write_scenes(OUT / "scenes", {part: make_scenes(n, split=part, seed=0) for part, n in COUNTS.items()})
    reached = {}
    for rate in RATES:
        reached[f"{rate}"] = [validation_map(rate, seed) for seed in SEEDS]
        shown = ", ".join(f"{100 * value:.1f}" for value in reached[f"{rate}"])
        mean = 100 * statistics.mean(reached[f"{rate}"])
        print(f"lr {rate}: validation mAP {shown}: {mean:.1f}", flush=True)
    write_results("demo_schedule", {"validation_map_of_max_pooling": reached, "epochs": SCHEDULE["epochs"]})


def validation_map(rate: float, seed: int) -> float:
    """Train max pooling once on the scenes; return its mAP on the validation scenes."""
    run = train(
        OUT / "scenes",
        OUT / "scenes" / "labels.csv",
        out=OUT / f"max_{rate}_{seed}",
        overwrite=True,
        pool="max",
        seed=seed,
        progress=False,
        **{**SCHEDULE, "lr": rate},
    )
    return float(run.manifest_values["validation"]["map"])


if __name__ == "__main__":
    main()
