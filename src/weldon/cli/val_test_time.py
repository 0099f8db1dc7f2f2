"""``weldon val`` with several looks at each image: at several scales, with several runs, or on ten crops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weldon.errors import UsageError
from weldon.pooling import parse_count


def at_test_time(
    run: Path,
    data: Path | None,
    *,
    sizes: str | None,
    k: str,
    others: Sequence[Path],
    combine: str,
    fit_on: str,
    ten_crops: bool,
    located: bool,
    **common: Any,
) -> dict[str, Any] | None:
    """Return the figures of several looks, None when one look was asked for.

    Args:
        run: a run directory.
        data: other labelled images.
        sizes: image sizes, with commas.
        k: ``table3``, ``run``, or counts with commas.
        others: further runs.
        combine: how.
        fit_on: split for the object bank.
        ten_crops: crops in place of scales.
        located: whether the caller asks where things are, which needs one look.
        common: options of every kind of measuring.

    Raises:
        UsageError: options that do not go together.
    """
    if not (sizes or others or ten_crops):
        _refuse_idle(
            {"scale-k": (k, "table3"), "combine": (combine, "object-bank"), "fit-on": (fit_on, "train")}
        )
        return None
    if located:
        raise UsageError("boxes and masks are measured with one look: leave out scales, with and ten-crops")
    if ten_crops:
        if sizes or others:
            raise UsageError("ten-crops cannot be combined with scales or with")
        from weldon.evaluation.ten_crops import evaluate_ten_crops

        return evaluate_ten_crops(run, data, **common)
    from weldon.evaluation.multiscale import evaluate_scales
    from weldon.evaluation.scales import plan_scales

    counts = k if k in ("run", "table3") else [parse_count(part) for part in k.split(",")]
    plan = plan_scales(run, sizes=_sizes(sizes), k=counts, others=others)
    return evaluate_scales(plan, data, combine=combine, fit_on=fit_on, **common)


def _refuse_idle(options: Mapping[str, tuple[str, str]]) -> None:
    """Refuse options that would change nothing: name to (given, default)."""
    idle = [f"{name} {given!r}" for name, (given, default) in options.items() if given != default]
    if idle:
        raise UsageError(f"{', '.join(idle)} is for several looks: give --scales or --with too")


def _sizes(text: str | None) -> list[int]:
    try:
        return [int(part) for part in text.split(",")] if text else []
    except ValueError:
        raise UsageError(f"scales must be image sizes as 224,320,448, got {text!r}") from None
