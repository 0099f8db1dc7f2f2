"""Check the options of ``weldon val`` and of :func:`weldon.evaluate`, once, for every way of measuring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from weldon.device import HELP
from weldon.pooling import Count as RegionCount
from weldon.pooling import parse_count
from weldon.runs.option_kinds import checked

SEVERAL = {"scale_k": "table3", "combine": "object-bank", "fit_on": "train"}  # of no effect on one scale


def _sizes(value: Any) -> Any:
    try:
        return [int(part) for part in value.split(",")] if isinstance(value, str) else value
    except ValueError:
        raise ValueError("must be image sizes as 224,320,448") from None


def _counts(value: Any) -> Any:
    if isinstance(value, str) and value not in ("table3", "run"):
        return [parse_count(part) for part in value.split(",")]
    return value


class AtTestTime(BaseModel):
    """How a run looks at an image, where one look at the whole image is not all."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    scales: Annotated[tuple[int, ...], BeforeValidator(_sizes)] = Field(
        default=(), description="image sizes to combine, as 224,320,448 (sizes of Table 3 in the paper)"
    )
    scale_k: Annotated[Literal["table3", "run"] | tuple[RegionCount, ...], BeforeValidator(_counts)] = Field(
        default="table3", description="regions at each scale: table3, run, or counts as 5,20,50"
    )
    combine: Literal["object-bank", "average"] = Field(
        default="object-bank", description="scales and runs: object-bank or average"
    )
    fit_on: str = Field(default="train", description="split on which the object bank is fitted")
    ten_crops: bool = Field(
        default=False, description="average ten crops in place of one look at the whole image"
    )

    @property
    def several(self) -> bool:
        """Whether one run is shown more than one view of each image."""
        return bool(self.scales or self.ten_crops)


class EvaluationOptions(AtTestTime):
    """What a run is measured on, and how. Thresholds are never chosen on the images that are measured."""

    data: Path | None = Field(default=None, description="other labelled images [the run's own]")
    labels: Path | None = Field(default=None, description="their table of labels")
    split: str | None = Field(
        default=None, description="which images: train, val or test [val; all images of other data]"
    )
    tune_on: str | None = Field(
        default=None,
        description="tuning images, which choose box threshold and background: a split or a list file",
    )
    others: tuple[Path, ...] = Field(
        default=(), description="another run to combine, at its own size; repeat it"
    )
    min_positives: int = Field(default=1, ge=0, le=10**9, description="leave rarer classes out of means")
    device: str = Field(default="auto", description=HELP)
    progress: bool = Field(default=False, description="show a progress bar")
    flags: dict[str, Any] = Field(
        default_factory=dict, description="those flags of measures that were given, by name"
    )

    @property
    def several(self) -> bool:
        """Whether more than one look at each image was asked for, by one run or by several."""
        return super().several or bool(self.others)

    @model_validator(mode="after")
    def _go_together(self) -> EvaluationOptions:
        if not self.several:
            idle = [
                f"{name.replace('_', '-')} {getattr(self, name)!r}"
                for name, usual in SEVERAL.items()
                if getattr(self, name) != usual
            ]
            if idle:
                raise ValueError(f"{', '.join(idle)} is for several looks: give --scales or --with too")
        elif self.flags or self.tune_on:
            raise ValueError(
                "boxes and masks are measured with one look: leave out scales, with and ten-crops"
            )
        elif self.ten_crops and (self.scales or self.others):
            raise ValueError("ten-crops cannot be combined with scales or with")
        return self


def read_options(given: Mapping[str, Any]) -> EvaluationOptions:
    """Return checked options; those that are None, and switches that are off, count as not given.

    Args:
        given: fields of :class:`EvaluationOptions` and flags of measures, by name.

    Raises:
        UsageError: an unknown option, one that cannot be used, or some that do not go together.
    """
    from weldon.evaluation.measures.registry import measure_flags, measure_kinds

    known = measure_flags()
    flags = {name: value for name, value in given.items() if name in known and value not in (None, False)}
    own = {name: value for name, value in given.items() if name not in known}
    if isinstance(own.get("tune_on"), Path):
        own["tune_on"] = str(own["tune_on"])
    options = checked(EvaluationOptions, {**own, "flags": flags}, more=known)
    for kind in measure_kinds():
        kind.refuse({**flags, "tune_on": options.tune_on})
    return options
