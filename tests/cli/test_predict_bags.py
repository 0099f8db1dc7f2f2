"""The verb on bags: labels, the scores of every instance, and what only images have is refused."""

from __future__ import annotations

import csv
import json

import pytest
import torch

from cli.shell import run
from weldon.inference import RunDirectory
from weldon.models import create_bag_model, save_model
from weldon.runs.recipe_file import build_recipe, write_recipe

# The two features of an instance are its scores of the two classes; max pooling takes the best instance.
BAGS = "bag,instance,f,g\np,p1,4,-1\np,p2,1,2\nq,q1,-3,-2\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on bags, written by hand: the score of a class is the highest of its feature."""
    home = tmp_path_factory.mktemp("bags")
    (home / "bags.csv").write_text(BAGS)
    directory = RunDirectory(home / "run")
    net = create_bag_model(2, 2, pool="max")
    with torch.no_grad():
        net.transfer.weight.copy_(torch.eye(2)[:, :, None, None])
    save_model(net, directory.best)
    directory.classes.write_text("cat\ndog\n")
    values = {"scale": "score", "map_scale": 1.0, "classes": {"cat": 0.0, "dog": 0.0}}
    directory.thresholds.write_text(json.dumps(values))
    recipe = {"data": home / "bags.csv", "labels": home / "labels.csv", "pool": "max", "task": "multilabel"}
    write_recipe(directory.config, build_recipe(recipe))
    return home


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_bag_is_scored_by_its_best_instance(trained, tmp_path, capsys):
    code, said = run(
        capsys, "predict", trained / "run", trained / "bags.csv", "--out", tmp_path / "out", "--json"
    )
    assert code == 0, said.err
    assert (json.loads(said.out)["out"], json.loads(said.out)["bags"]) == (str(tmp_path / "out"), 2)
    lines = (tmp_path / "out" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    scores = [json.loads(line)["scores"] for line in lines]
    assert scores == [pytest.approx({"cat": 4.0, "dog": 2.0}), pytest.approx({"cat": -3.0, "dog": -2.0})]
    assert [json.loads(line)["labels"] for line in lines] == [["cat", "dog"], []]


def test_every_instance_has_a_row_with_its_scores(trained, tmp_path, capsys):
    code, said = run(capsys, "predict", trained / "run", trained / "bags.csv", "--out", tmp_path / "out")
    assert code == 0, said.err
    assert f"2 bags in {tmp_path / 'out'}" in said.err
    rows = table(tmp_path / "out" / "instances.csv")
    assert [row["instance"] for row in rows] == ["p1", "p2", "q1"]
    assert [float(row["cat"]) for row in rows] == [4.0, 1.0, -3.0]


def test_a_wide_table_has_a_row_a_bag(trained, tmp_path, capsys):
    out = ("--out", tmp_path / "out", "--wide")
    code, said = run(capsys, "predict", trained / "run", trained / "bags.csv", *out)
    assert code == 0, said.err
    assert len(table(tmp_path / "out" / "predictions.csv")) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--boxes", "--crf"), "leave out --boxes, --crf"),
        (("--to", "coco"), "leave out --to"),
        (("{bags}",), "one table or folder at a time, got 2"),
    ],
)
def test_what_only_images_have_is_refused_before_anything_is_written(
    trained, tmp_path, capsys, options, words
):
    bags = trained / "bags.csv"
    more = [option.format(bags=bags) for option in options]
    code, said = run(capsys, "predict", trained / "run", bags, *more, "--out", tmp_path / "out")
    assert (code, words in said.err) == (2, True), said.err
    assert not (tmp_path / "out").exists()
