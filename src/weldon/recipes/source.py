"""Data sets as recipes see them: which options read them, and what they may be measured against."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import Field, model_validator

from weldon.recipes.toml import HOME, Strict, build, read


class Source(Strict):
    """A data set under one protocol: learnt from train, chosen on a held-back part, measured once on test.

    Args:
        name: of the entry in ``sources.toml``.
        title: as people write it.
        dataset: its name in the catalogue (``weldon data list``); None for photographs of one's own.
        folder: below the data root, where there is no catalogue entry.
        labels: table of labels in it; None: it is a VOC devkit.
        image_set: which lists of the devkit.
        test: the split that is the test set.
        held_back: write a table in which a fixed fifth of train is held back, the same for every seed; else
            each run holds back a stratified fifth of its own.
        images: training images, held-back ones included: for estimates of time.
        train: options of ``weldon train`` that the data decides (task, loss).
        truth: where the truth of measures lies below the data, by the flag of ``weldon val`` that reads it.
        tuning: how many held-back images may choose settings, by the flag of the truth that they choose with.
        min_positives: classes with fewer test positives are left out of the means.
        how_to_get: what to do where it is absent.
    """

    name: str
    title: str
    dataset: str | None = None
    folder: str | None = None
    labels: str | None = None
    image_set: str = "main"
    test: str = "test"
    held_back: bool = False
    images: int
    train: dict[str, Any] = Field(default_factory=dict)
    truth: dict[str, str] = Field(default_factory=dict)
    tuning: dict[str, int] = Field(default_factory=dict)
    min_positives: int = 1
    how_to_get: str

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        if (self.dataset is None) == (self.folder is None):
            raise ValueError("give dataset or folder")
        return self


@cache
def load_sources() -> dict[str, Source]:
    """Return the data sets of all recipes by name.

    Example:
        >>> load_sources()["voc2007"].images
        5011
    """
    path = HOME / "sources.toml"
    return {name: build(Source, {"name": name, **values}, path) for name, values in read(path).items()}
