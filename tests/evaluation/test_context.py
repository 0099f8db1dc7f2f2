"""A context holds the run, the images, their truth and the flags; truth is measured without a flag too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weldon.data import Box
from weldon.errors import UsageError
from weldon.evaluation.evaluate import figures_of, open_context
from weldon.evaluation.options import read_options
from weldon.runs.run_directory import RunDirectory


def context_of(home, **options):
    given = {"split": "test", "device": "cpu", **options}
    return open_context(RunDirectory(home / "run"), read_options(given))


def test_it_holds_what_was_asked_for(greys):
    boxes = {"a.png": (Box("cat", 0, 0, 32, 32),)}
    context = context_of(greys, boxes=boxes, min_positives=2)
    assert context.classes == ("cat", "dog")
    assert context.asked == len(context.images.measured) == 3
    assert context.flags == {"boxes": boxes}
    assert context.truth.boxes == boxes
    assert context.truth.masks is None
    assert context.options.min_positives == 2


def test_boxes_that_the_data_brings_are_measured_without_a_flag(greys):
    """A VOC devkit has boxes of its own."""
    context = context_of(greys)
    assert "pointwise" not in figures_of(context)
    everywhere = {name: (Box("cat", 0, 0, 32, 32),) for name in ("a.png", "b.png")}
    found = figures_of(replace(context, truth=replace(context.truth, boxes=everywhere)))
    assert found["pointing_accuracy"] == 1.0  # no point can lie beside a box that is the whole picture


def test_images_to_tune_on_are_apart_from_those_measured(greys):
    context = context_of(greys, tune_on="train")
    assert {record.file_name for record in context.images.tuning} == {"d.png", "e.png"}
    with pytest.raises(UsageError, match="other images than those measured"):
        context_of(greys, tune_on="test")
