"""True boxes and masks that real tools write: what is right, case by case."""

from __future__ import annotations

import json

import pytest

from cli.shell import run
from stress.shared_cases import CASES, READ

pytestmark = READ


def measured(capsys, model, *arguments):
    status, said = run(capsys, "val", model, *arguments, "--json")
    return status, json.loads(said.out) if said.out.startswith("{") else {}, said.out + said.err


@pytest.mark.parametrize("name", ["voc_good", "voc_floatsize", "voc_emptyname", "voc_out"])
def test_good_boxes_are_measured(capsys, trained, name):
    status, figures, said = measured(capsys, trained, "--boxes", CASES / name)
    assert status == 0, said
    assert figures["pointwise"] is not None
    assert all(row["pointwise"] is not None for row in figures["per_class"].values())


def test_equal_boxes_give_equal_figures(capsys, trained):
    _, good, _ = measured(capsys, trained, "--boxes", CASES / "voc_good")
    for name in ("voc_floatsize", "voc_emptyname"):
        assert measured(capsys, trained, "--boxes", CASES / name)[1] == good


def covered(figures):
    """Return how many images the boxes are of, of how many."""
    return tuple(figures["truth"]["boxes"][name] for name in ("images", "of"))


@pytest.mark.parametrize(("name", "count"), [("voc_renamed", 1), ("coco_partial.json", 2)])
def test_boxes_of_few_images_are_said_to_be_few(capsys, trained, name, count):
    status, figures, _ = measured(capsys, trained, "--boxes", CASES / name)
    assert (status, covered(figures)) == (0, (count, 8))
    status, said = run(capsys, "val", trained, "--boxes", CASES / name)
    assert (status, f"{count} of 8" in said.out + said.err) == (0, True)


def test_labels_unknown_to_the_run_are_named(capsys, trained):
    status, _, said = measured(capsys, trained, "--boxes", CASES / "voc_case")  # none is one of the run's
    assert (status, "CAT" in said, "DOG" in said) == (1, True, True), said
    _, figures, _ = measured(capsys, trained, "--boxes", CASES / "coco_partial.json")
    assert figures["truth"]["boxes"]["labels_unknown"] == ["Dog"]
    _, said = run(capsys, "val", trained, "--boxes", CASES / "coco_partial.json")
    assert "labels unknown to the run: Dog" in said.out + said.err


def test_boxes_of_other_images_are_refused(capsys, trained):
    status, _, said = measured(capsys, trained, "--boxes", CASES / "voc_mismatch")
    assert (status in (1, 2), "Traceback" in said) == (True, False)


def test_equal_names_in_two_folders_keep_their_boxes(capsys, trained):
    data = (CASES / "nested", "--labels", CASES / "nested" / "labels.csv")
    status, figures, said = measured(capsys, trained, *data, "--boxes", CASES / "voc_nested")
    assert status == 1 or figures["images"] == 20, said
    assert status == 1 or covered(figures) == (8, 20)


def test_masks_of_0_and_255_are_not_measured_in_silence(capsys, trained):
    status, _, said = measured(capsys, trained, "--masks", CASES / "masks255")
    assert status in (1, 2)
    assert "255" in said


def test_indexed_masks_are_measured_and_colours_refused(capsys, trained):
    status, figures, _ = measured(capsys, trained, "--masks", CASES / "masks1")
    assert (status, figures["miou_classes"]) == (0, ["background", "cat", "dog"])
    marked = ("--masks", CASES / "masks1", "--legend", CASES / "legend_bom.csv")
    assert measured(capsys, trained, *marked)[1]["miou"] == figures["miou"]
    status, _, said = measured(capsys, trained, "--masks", CASES / "masks_rgb")
    assert (status, "img12.png" in said) == (1, True)
