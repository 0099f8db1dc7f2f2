"""Draw the figures of docs/results.md and docs/choosing-k.md from ``benchmarks/results/voc2007.json``.

python benchmarks/draw_voc2007.py
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from provenance import read_results

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SHARES = {5: "WELDON 5 %", 10: "WELDON 10 %", 20: "WELDON 20 %", 30: "WELDON 30 %", 50: "WELDON 50 %"}
LINES = {"average": "tab:gray", "LSE": "tab:olive", "MANTRA": "tab:green", "max": "tab:red"}
COLOURS = LINES | {
    "top 20 %": "tab:orange",
    "WELDON 20 %": "tab:blue",
    "WELDON 20 % / 50 %": "tab:cyan",
    "WELDON 20 %, AP": "tab:purple",
}
TITLES = {
    "top 20 %": "highest 20 % alone",
    "WELDON 20 % / 50 %": "WELDON 20 % for, 50 % against",
    "WELDON 20 %, AP": "WELDON 20 %, AP loss",
}


def percent(found: dict[str, Any], name: str) -> tuple[float, float]:
    """Return mean and deviation of the mAP over seeds, in percent."""
    values = [100 * seed[name]["map"] for seed in found["seeds"].values()]
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def draw_shares(found: dict[str, Any]) -> None:
    """Draw mAP over the share of regions, with the poolings that have none as lines."""
    figure, axes = plt.subplots(figsize=(6.4, 4.0))
    means, deviations = zip(*(percent(found, name) for name in SHARES.values()), strict=True)
    axes.errorbar(
        list(SHARES), means, deviations, marker="o", capsize=3, color="tab:blue", label="WELDON, k+ = k-"
    )
    for name, marker in (("WELDON 20 % / 50 %", "s"), ("top 20 %", "^")):
        mean, deviation = percent(found, name)
        axes.errorbar(
            [20], [mean], [deviation], marker=marker, capsize=3, color=COLOURS[name], label=TITLES[name]
        )
    for name, colour in LINES.items():
        axes.axhline(percent(found, name)[0], color=colour, linestyle="--", linewidth=1, label=name)
    axes.set_xlabel("share of the regions, %")
    axes.set_ylabel("mAP on val, %")
    axes.set_title("VOC 2007, 2,500 training images, frozen maps")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    save(figure, "voc2007_fig6.png")


def draw_curve(results: dict[str, Any]) -> None:
    """Draw mAP over the number of training images."""
    sizes = sorted(map(int, results))
    figure, axes = plt.subplots(figsize=(6.4, 4.0))
    for name, colour in COLOURS.items():
        measured = [size for size in sizes if name in results[str(size)]["chosen"]]
        if len(measured) < 2:
            continue
        means, deviations = zip(*(percent(results[str(size)], name) for size in measured), strict=True)
        axes.errorbar(
            measured, means, deviations, marker="o", capsize=3, color=colour, label=TITLES.get(name, name)
        )
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("training images")
    axes.set_ylabel("mAP on val, %")
    axes.set_title("VOC 2007, frozen maps: where negative evidence pays")
    axes.legend(fontsize=8, loc="lower right")
    save(figure, "voc2007_curve.png")


def save(figure: Any, name: str) -> None:
    figure.savefig(IMAGES / name, dpi=110, bbox_inches="tight")
    plt.close(figure)


def main() -> None:
    results = read_results("voc2007")
    draw_shares(results[str(max(map(int, results)))])
    draw_curve(results)


if __name__ == "__main__":
    main()
