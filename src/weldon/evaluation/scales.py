"""Which runs look at the images at which size, with how many regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from weldon.errors import UsageError
from weldon.pooling import Count
from weldon.runs.recipe import Recipe, build_recipe
from weldon.runs.run_directory import RunDirectory, open_run

Regions = Count | Literal["table3"]


@dataclass(frozen=True)
class Scale:
    """One run at one image size.

    Args:
        run: its weights.
        recipe: of the run, with this image size.
        k: regions for and against in place of those the run was trained with: a count, a share, ``table3``;
            None keeps them.
    """

    run: RunDirectory
    recipe: Recipe
    k: Regions | None = None

    @property
    def name(self) -> str:
        """What progress bars and figures call it."""
        return f"{self.run.path.name} at {self.recipe.image_size} px"


def plan_scales(
    run: str | Path,
    *,
    sizes: Sequence[int] = (),
    k: Sequence[Count] | str = "table3",
    others: Sequence[str | Path] = (),
) -> list[Scale]:
    """Return one run at several sizes, or several runs each at the size it was trained with.

    Args:
        run: a run directory.
        sizes: image sizes for this one run.
        k: regions at each size: ``table3`` (the paper's where it has a map of that side, else the run's own),
            ``run`` (the run's own), or a count or share a size. It concerns WELDON's pooling only.
        others: runs with the same classes, each at its own size with its own regions.

    Raises:
        UsageError: neither or both of ``sizes`` and ``others``, sizes twice, runs of other classes.

    Example:
        >>> plan_scales("runs/a", sizes=[224, 224])
        Traceback (most recent call last):
        weldon.errors.UsageError: scales must be different image sizes, got 224, 224
    """
    if bool(sizes) == bool(others):
        raise UsageError("give either scales for one run, or several runs")
    if len(set(sizes)) != len(sizes):
        raise UsageError(f"scales must be different image sizes, got {', '.join(map(str, sizes))}")
    if not sizes:
        return _several([open_run(path) for path in (run, *others)])
    opened = open_run(run)
    recipe = opened.recipe
    counts = _counts(sizes, k)
    return [Scale(opened, _at(recipe, size), count) for size, count in zip(sizes, counts, strict=True)]


def _several(runs: Sequence[RunDirectory]) -> list[Scale]:
    for run in runs[1:]:
        if run.class_names != runs[0].class_names:
            raise UsageError(f"runs to combine must have the same classes, got {runs[0].path} and {run.path}")
    return [Scale(run, run.recipe) for run in runs]


def _counts(sizes: Sequence[int], k: Sequence[Count] | str) -> list[Regions | None]:
    if k in ("run", "table3"):
        return ["table3" if k == "table3" else None for _ in sizes]
    if isinstance(k, str) or len(k) != len(sizes):
        raise UsageError(f"scale_k must be table3, run or a count for each of {len(sizes)} scales, got {k!r}")
    return list(k)


def _at(recipe: Recipe, size: int) -> Recipe:
    return build_recipe({**recipe.model_dump(), "image_size": size})
