"""One row of a table: how it is trained, what is chosen on held-back images, how often, and how it looks."""

from __future__ import annotations

import itertools
from typing import Any

from pydantic import Field, model_validator

from weldon.evaluation.options import AtTestTime
from weldon.recipes.toml import Strict
from weldon.runs.recipe_file import build_recipe


class Look(AtTestTime):
    """How the trained runs look at an image.

    Args:
        models: options of several runs, each trained and chosen on its own, that look together.
    """

    models: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Look:
        if sum(map(bool, (self.ten_crops, self.scales, self.models))) > 1:
            raise ValueError("give one of ten_crops, scales, models")
        return self


class Row(Strict):
    """A row of a table.

    Args:
        name: of the file.
        title: as the table has it.
        train: options of ``weldon train`` except data and seed.
        grid: settings among which held-back images choose; lists inside are multiplied out.
        seeds: the chosen setting is trained with each.
        look: how the runs look at an image.
        paper: the paper's number for each column that has one, in percent.
        hardware: that the estimate of time is for.
        images_per_second: trained on it, an estimate.
    """

    name: str
    title: str
    train: dict[str, Any]
    grid: tuple[dict[str, Any], ...] = ({},)
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    look: Look = Look()
    paper: dict[str, float] = Field(default_factory=dict)
    hardware: str
    images_per_second: float = Field(gt=0)

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Every setting of the grid."""
        return [setting for group in self.grid for setting in multiplied(group)]

    @property
    def models(self) -> list[dict[str, Any]]:
        """The training options of every run that looks at an image."""
        return [{**self.train, **model} for model in self.look.models or ({},)]

    @model_validator(mode="after")
    def _options_exist(self) -> Row:
        for model in self.models:
            for setting in self.settings:
                build_recipe({"data": ".", **model, **setting})
        return self


def multiplied(group: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every combination of the values that are lists.

    Example:
        >>> multiplied({"lr": [5.0, 20.0], "weight_decay": 1e-3})
        [{'lr': 5.0, 'weight_decay': 0.001}, {'lr': 20.0, 'weight_decay': 0.001}]
    """
    choices = [value if isinstance(value, list) else [value] for value in group.values()]
    return [dict(zip(group, values, strict=True)) for values in itertools.product(*choices)]
