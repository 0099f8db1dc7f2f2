"""Choose the schedule of `make demo`: the learning rate at which max pooling does best on validation scenes.

python benchmarks/demo_schedule.py             # about four minutes on two cores
"""

from __future__ import annotations

from pathlib import Path

from provenance import write_results
from weldon.data.scenes import make_scenes, write_scenes
from weldon.report.demo import COUNTS, SCHEDULE
from weldon.training import train

RATES = (1e-3, 2e-3, 3e-3, 5e-3, 1e-2)
OUT = Path("runs/demo_schedule")


def main() -> None:
    write_scenes(OUT / "scenes", {part: make_scenes(n, split=part, seed=0) for part, n in COUNTS.items()})
    reached = {}
    for rate in RATES:
        run = train(
            OUT / "scenes",
            OUT / "scenes" / "labels.csv",
            out=OUT / f"max_{rate}",
            overwrite=True,
            pool="max",
            progress=False,
            **{**SCHEDULE, "lr": rate},
        )
        reached[f"{rate}"] = run.manifest_values["validation"]["map"]
        print(f"lr {rate}: validation mAP {100 * reached[f'{rate}']:.1f}", flush=True)
    write_results("demo_schedule", {"validation_map_of_max_pooling": reached, "epochs": SCHEDULE["epochs"]})


if __name__ == "__main__":
    main()
