"""The verb prints what was measured: by class for a person, everything as JSON."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from cli.shell import run
from weldon.data import read_splits
from weldon.inference import RunDirectory
from weldon.models import create_bag_model, save_model
from weldon.runs.recipe_file import build_recipe, write_recipe

# One instance a bag, its two features being the scores of the two classes.
# cat [a]: ranked 1 0 1 0, AP (1 + 2/3) / 2; dog: right at the top, AP 1; cow: in no bag for validation.
VAL = {"p": ("4,1,0", "cat [a]"), "q": ("3,2,0", ""), "r": ("2,3,0", "cat [a]"), "s": ("1,4,0", "dog")}
TRAIN = {"t": ("1,1,1", "cat [a]"), "u": ("1,1,1", "dog"), "v": ("1,1,1", "cow")}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on bags, written by hand: the score of a class is its feature."""
    home = tmp_path_factory.mktemp("val")
    features = "".join(f"{name},{values}\n" for name, (values, _) in (VAL | TRAIN).items())
    (home / "bags.csv").write_text("bag,f,g,h\n" + features)
    rows = [(name, labels, "val") for name, (_, labels) in VAL.items()]
    rows += [(name, labels, "train") for name, (_, labels) in TRAIN.items()]
    (home / "labels.csv").write_text("bag,labels,split\n" + "".join(f"{','.join(row)}\n" for row in rows))
    directory = RunDirectory(home / "run")
    net = create_bag_model(3, 3, pool="max")
    with torch.no_grad():
        net.transfer.weight.copy_(torch.eye(3)[:, :, None, None])
    save_model(net, directory.best)
    directory.classes.write_text("cat [a]\ndog\ncow\n")
    directory.splits.write_text("file_name,split,group\n" + "".join(f"{n},{s},\n" for n, _, s in rows))
    recipe = {"data": home / "bags.csv", "labels": home / "labels.csv", "pool": "max", "task": "multilabel"}
    write_recipe(directory.config, build_recipe(recipe))
    assert read_splits(directory.splits)["p"] == "val"
    return directory.path


def test_json_holds_every_figure(trained, capsys):
    code, said = run(capsys, "val", trained, "--json")
    assert code == 0, said.err
    found = json.loads(said.out)
    assert found["images"] == 4
    assert found["map"] == pytest.approx((5 / 6 + 1) / 2)
    assert found["per_class"]["cat [a]"] == pytest.approx({"ap": 5 / 6, "positives": 2})
    assert found["per_class"]["cow"] == {"ap": None, "positives": 0}


def test_a_person_reads_a_row_a_class_in_percent(trained, capsys):
    code, said = run(capsys, "val", trained)
    assert code == 0, said.err
    rows = [line.strip("│").split("│") for line in said.out.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["cat [a]", "2", "83.3"],
        ["dog", "1", "100.0"],
        ["cow", "0", ""],
    ]
    assert "nan" not in said.out
    assert "map                      91.67" in said.out
    assert "measured                 4" in said.out


def test_columns_that_were_not_measured_are_not_shown(trained, capsys):
    _, said = run(capsys, "val", trained)
    assert "AP" in said.out
    assert "IoU" not in said.out


def test_rare_classes_may_be_left_out_of_the_mean(trained, capsys):
    _, said = run(capsys, "val", trained, "--min-positives", "2", "--json")
    assert json.loads(said.out)["map"] == pytest.approx(5 / 6)


def test_what_cannot_be_measured_is_said_with_status_two(trained, tmp_path, capsys):
    for options, words in (
        (("--split", "test"), "split"),
        (("--boxes", tmp_path), "trained on bags"),
        (("--scales", "64,big"), "image sizes as 224,320,448"),
    ):
        code, said = run(capsys, "val", trained, *options)
        assert (code, words in said.err, said.out) == (2, True, ""), said.err


def test_it_is_said_when_the_measured_images_chose_or_taught_the_run_and_only_then(trained, capsys):
    words = {None: "these images chose the run's best epoch", "train": "the run learnt from these images"}
    for split, sentence in words.items():
        options = () if split is None else ("--split", split)
        _, said = run(capsys, "val", trained, *options)
        assert said.out.count(sentence) == 1
        _, said = run(capsys, "val", trained, *options, "--json")
        assert json.loads(said.out)["seen"] == ("chosen by" if split is None else "learnt from")
    home = trained.parent
    shutil.copytree(home / "run", home / "apart")
    splits = (home / "run" / "splits.csv").read_text()
    (home / "apart" / "splits.csv").write_text(splits.replace("p,val", "p,test"))
    _, said = run(capsys, "val", home / "apart", "--split", "test")
    assert not any(sentence in said.out + said.err for sentence in words.values())
    _, said = run(capsys, "val", home / "apart", "--split", "test", "--json")
    assert json.loads(said.out)["seen"] is None


def test_other_data_that_is_the_runs_own_folder_is_told_apart(trained, caplog, capsys):
    home = trained.parent
    run(capsys, "val", trained, home / "bags.csv", "--labels", home / "labels.csv")
    assert "learnt from 3 of these bags, and 4 chose" in caplog.text
