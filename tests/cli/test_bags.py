"""A whole visit with bags works from the shell: check, train, val, predict, and the words of refusal."""

from __future__ import annotations

import csv
import json

import pytest

from cli.shell import run
from structured.bags_on_disk import CLASSES, write_bags
from weldon.cli import main


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    root = tmp_path_factory.mktemp("visit")
    written = write_bags(root, count=240)
    options = ["--labels", str(written.labels), "--out", str(root / "run"), "-b", "8"]
    with pytest.raises(SystemExit) as left:
        main(["train", str(written.table), *options])
    assert left.value.code == 0
    return written, root / "run"


def test_check_counts_bags_and_instances(visit, capsys):
    written, _ = visit
    code, said = run(capsys, "check", written.folder, "--labels", written.labels, "--json")
    assert code == 0, said.err
    found = json.loads(said.out)
    sizes = sorted(len(bag) for bag in written.bags.values())
    assert (found["bags"], found["features"]) == (240, 64)
    assert found["instances"] == [sizes[0], sizes[120], sizes[-1]]


def test_the_trained_run_ranks_held_back_bags_far_better_than_chance(visit, capsys):
    _, folder = visit
    code, said = run(capsys, "val", folder, "--json")
    assert code == 0, said.err
    found = json.loads(said.out)
    chance = sum(row["positives"] for row in found["per_class"].values()) / len(CLASSES) / found["images"]
    assert found["map"] > chance + 0.15


def test_the_report_speaks_of_bags(visit):
    _, folder = visit
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert "val bags" in page
    assert "linear in 64 features" in page


def test_predictions_list_every_instance_and_add_up(visit, tmp_path, capsys):
    written, folder = visit
    code, said = run(capsys, "predict", folder, written.folder, "--out", tmp_path / "pred", "--json")
    assert code == 0, said.err
    assert json.loads(said.out)["bags"] == 240
    with (tmp_path / "pred" / "instances.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == sum(len(bag) for bag in written.bags.values())
    for line in (tmp_path / "pred" / "predictions.jsonl").read_text(encoding="utf-8").splitlines():
        for evidence in json.loads(line)["evidence"].values():
            assert evidence["top_sum"] + evidence["low_sum"] == pytest.approx(evidence["score"], abs=1e-4)


def test_a_folder_that_holds_something_is_not_written_into(visit, tmp_path, capsys):
    written, folder = visit
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    code, said = run(capsys, "predict", folder, written.folder, "--out", tmp_path)
    assert (code, "empty or new" in said.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("predict", "{run}", "{folder}", "--boxes"), "--boxes"),
        (("val", "{run}", "--masks", "{folder}"), "trained on bags"),
        (("explain", "{run}", "{folder}/slide01.npy", "--class", "3"), "predict"),
        (("export", "{run}"), "bags"),
        (("train", "{table}"), "--labels"),
        (("train", "{table}", "--labels", "{labels}", "--freeze"), "--freeze"),
    ],
)
def test_what_bags_cannot_do_is_said(visit, tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    written, folder = visit
    named = {"run": folder, "folder": written.folder, "table": written.table, "labels": written.labels}
    code, said = run(capsys, *(argument.format(**named) for argument in arguments))
    assert (code, words in said.err) == (2, True), said.err


def test_a_run_with_more_epochs_than_asked_for_is_refused_in_words(visit, capsys):
    written, folder = visit
    arguments = ("train", written.table, "--labels", written.labels, "--out", folder, "--resume")
    code, said = run(capsys, *arguments, "--epochs", "3")
    assert code == 2
    assert "cannot go on" in said.err
    assert "max_epochs=3" in said.err
