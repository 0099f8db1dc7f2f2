"""A new measure is its own file and one line: its flag, figures, column and recipes follow from it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.shell import run as weldon
from weldon.evaluation.measures.registry import (
    MEASURES,
    Flag,
    Listed,
    class_columns,
    measure_flags,
    recipe_figures,
)
from weldon.recipes import Column, Look, Source
from weldon.reproduce import Workspace
from weldon.reproduce.run_rows import View
from weldon.runs.run_directory import RunDirectory

MODULE = '''"""Mean brightness of the images that a list names: in all, and for each class."""

from pathlib import Path

import numpy as np

from weldon.data import load_image
from weldon.errors import UsageError
from weldon.evaluation.measures.measure import Figures, MeasureKind


class Brightness:
    def __init__(self, names):
        self.names, self.seen = names, []

    def update(self, answer):
        if answer.record.file_name in self.names:
            grey = np.asarray(load_image(answer.record.path)).mean() / 255
            self.seen.append((answer.record.labels, float(grey)))

    def figures(self):
        classes = sorted({name for labels, _ in self.seen for name in labels})
        of = {name: [grey for labels, grey in self.seen if name in labels] for name in classes}
        rows = {name: {"brightness": sum(greys) / len(greys)} for name, greys in of.items()}
        return Figures({"brightness": sum(grey for _, grey in self.seen) / len(self.seen)}, rows)


def build(context):
    listed = context.flags.get("bright_list")
    return None if listed is None else Brightness(Path(listed).read_text().split())


def refuse(flags):
    if flags.get("bright_list") and flags.get("crf"):
        raise UsageError("bright_list does not go with crf")


MEASURE = MeasureKind(
    build,
    columns={"brightness": "bright"},
    recipe_figures={"brightness": {}},
    describe=lambda figures: ["brightness was looked at"] if "brightness" in figures else [],
    refuse=refuse,
)
'''


@pytest.fixture
def brightness(tmp_path, monkeypatch):
    """The new measure, listed."""
    (tmp_path / "brightness_measure.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    flag = Flag("bright_list", Path, "names of images whose brightness counts")
    monkeypatch.setitem(MEASURES, "brightness", Listed("brightness_measure:MEASURE", (flag,)))
    yield
    sys.modules.pop("brightness_measure", None)


def test_its_flag_is_in_the_help(brightness, capsys):
    status, said = weldon(capsys, "val", "--help")
    assert status == 0
    assert "--bright-list <path>" in said.out
    assert "names of images whose brightness counts" in " ".join(said.out.split())


def test_its_figures_are_in_the_json(brightness, greys, capsys):
    listed = greys / "data" / "listed.txt"
    status, said = weldon(capsys, "val", greys / "run", "--split", "test", "--bright-list", listed, "--json")
    assert status == 0, said.err
    found = json.loads(said.out)
    assert found["brightness"] == pytest.approx(0.3)
    assert found["per_class"]["cat"]["brightness"] == pytest.approx(0.3)
    assert "brightness" not in found["per_class"]["dog"]


def test_its_column_and_its_words_are_in_the_table_for_people(brightness, greys, capsys):
    listed = greys / "data" / "listed.txt"
    _, said = weldon(capsys, "val", greys / "run", "--split", "test", "--bright-list", listed)
    rows = [line.strip("│┃").split("│") for line in said.out.splitlines() if line.startswith("│")]
    assert "bright" in said.out.splitlines()[2]
    assert [row[-1].strip() for row in rows] == ["30.0", ""]
    assert said.out.rstrip().endswith("brightness was looked at")


def test_without_its_flag_it_is_not_measured(brightness, greys, capsys):
    _, said = weldon(capsys, "val", greys / "run", "--split", "test", "--json")
    assert "brightness" not in json.loads(said.out)


def test_what_it_refuses_is_refused_before_the_run_is_read(brightness, hollow_run, capsys):
    status, said = weldon(capsys, "val", hollow_run, "--bright-list", "x", "--crf")
    assert (status, said.err.splitlines()[1:]) == (2, ["error: bright_list does not go with crf"])


def test_a_recipe_may_print_its_figure_and_names_where_its_truth_lies(brightness, greys):
    source = Source(
        name="greys",
        title="greys",
        folder="data",
        images=3,
        truth={"bright_list": "listed.txt"},
        how_to_get="-",
    )
    run = SimpleNamespace(
        key="k",
        workspace=Workspace(greys, greys / "out"),
        source=source,
        options={"device": "cpu"},
        directory=RunDirectory(greys / "run"),
    )
    columns = [Column(key="b", title="Brightness", data="greys", figure="brightness")]
    assert View([run], Look()).figures(columns) == {"b": pytest.approx(0.3)}


def test_a_figure_that_no_measure_has_lists_those_there_are():
    with pytest.raises(ValueError, match=r"figure must be one of map, accuracy, .*, got 'brightness'"):
        Column(key="b", title="B", figure="brightness")
    with pytest.raises(ValueError, match=r"flags must be among boxes, masks, .*, got bright_list"):
        Column(key="b", title="B", flags={"bright_list": "x"})


def test_measures_that_read_the_same_truth_share_its_flag():
    assert list(measure_flags()) == ["boxes", "masks", "legend", "crf", "tune_crf", "known_labels"]
    assert list(class_columns()) == ["positives", "ap", "pointwise", "maxboxacc", "pxap", "iou", "iou_crf"]
    assert recipe_figures()["miou_crf"] is recipe_figures()["miou"] is MEASURES["masks"]
