"""A whole visit with bags works from the shell: check, train, val, predict, and the words of refusal."""

from __future__ import annotations

import csv
import json

import pytest

from cli.shell import run
from fixtures.bags_on_disk import CLASSES, write_bags
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


def test_check_counts_the_bags_there_are_beside_the_rows_of_those_that_are_not(visit, tmp_path, capsys):
    written, _ = visit
    table = tmp_path / "labels.csv"
    table.write_text(written.labels.read_text() + "nowhere,3\n")
    code, said = run(capsys, "check", written.folder, "--labels", table, "--json")
    found = json.loads(said.out)
    assert (code, found["bags"], len(found["errors"])) == (1, 240, 1)
    assert "'nowhere'" in found["errors"][0]


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


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def spelled(table: str, spelling: str) -> tuple[str, str]:
    """Return the same table as other tools write it, and its encoding."""
    rows = [line.split(",") for line in table.splitlines()]
    if spelling == "reordered":
        rows = [row[::-1] for row in rows]
    if spelling == "index":
        rows = [["", "Unnamed: 0", *rows[0]], *([str(n), str(n), *row] for n, row in enumerate(rows[1:]))]
    if spelling == "slide_id":
        rows[0] = ["slide_id" if name == "bag" else name for name in rows[0]]
    if spelling == "semicolon":
        return "\n".join(";".join(row).replace(".", ",") for row in rows) + "\n", "utf-8"
    return "\n".join(",".join(row) for row in rows) + "\n", "utf-16" if spelling == "utf-16" else "utf-8"


@pytest.mark.parametrize("spelling", ["reordered", "index", "slide_id", "semicolon", "utf-16"])
def test_a_table_in_another_spelling_has_the_same_scores(visit, tmp_path, capsys, spelling):
    written, folder = visit
    text, encoding = spelled(written.table.read_text(encoding="utf-8"), spelling)
    other = write(tmp_path / "other.csv", text, encoding)
    for table, place in ((written.table, "one"), (other, "two")):
        code, said = run(capsys, "predict", folder, table, "--out", tmp_path / place)
        assert code == 0, said.err
    same = [(tmp_path / place / "predictions.csv").read_bytes() for place in ("one", "two")]
    assert same[0] == same[1]
    assert ("by name" in said.err) is (spelling == "reordered")
    assert ("left out" in said.err) is (spelling == "index")
    code, said = run(capsys, "val", folder, other, "--labels", written.labels, "--json")
    assert code == 0, said.err


@pytest.mark.parametrize("verb", ["predict", "val"])
def test_columns_that_are_missing_or_new_are_named(visit, tmp_path, capsys, verb):
    written, folder = visit
    text = written.table.read_text(encoding="utf-8").replace("f7,", "seven,", 1)
    other = write(tmp_path / "other.csv", text)
    more = ("--labels", written.labels) if verb == "val" else ("--out", tmp_path / "out")
    code, said = run(capsys, verb, folder, other, *more)
    assert (code, "'f7'" in said.err, "'seven'" in said.err, "other.csv" in said.err) == (1, True, True, True)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_arrays_is_matched_by_count_and_says_so(visit, tmp_path, capsys):
    written, folder = visit
    code, said = run(capsys, "predict", folder, written.folder, "--out", tmp_path / "out")
    assert (code, "64 features were matched by their order" in said.err) == (0, True)


def test_a_run_goes_on_with_columns_in_another_order_as_with_its_own(visit, tmp_path, capsys):
    written, _ = visit
    text, _ = spelled(written.table.read_text(encoding="utf-8"), "reordered")
    other = write(tmp_path / "other.csv", text)
    for place, second in (("one", written.table), ("two", other)):
        out = ("--labels", written.labels, "--out", tmp_path / place, "-b", "64")
        assert run(capsys, "train", written.table, *out, "--epochs", "1")[0] == 0
        code, said = run(capsys, "train", second, *out, "--epochs", "2", "--resume")
        assert code == 0, said.err
    tables = [(tmp_path / place / "report" / "per_class.csv").read_text() for place in ("one", "two")]
    assert tables[0] == tables[1]


def test_bags_whose_names_are_paths_are_trained_and_predicted(visit, tmp_path, capsys):
    written, _ = visit
    names = {"slide": "/data/slides/../slide"}
    table, labels = (
        write(tmp_path / path.name, path.read_text(encoding="utf-8").replace("slide", names["slide"]))
        for path in (written.table, written.labels)
    )
    out = ("--labels", labels, "--out", tmp_path / "run", "--epochs", "1", "-b", "64")
    code, said = run(capsys, "train", table, *out)
    assert code == 0, said.err
    code, said = run(capsys, "predict", tmp_path / "run", table, "--out", tmp_path / "pred")
    assert code == 0, said.err
    assert "/data/slides/../slide00" in (tmp_path / "pred" / "predictions.csv").read_text(encoding="utf-8")


def test_a_table_without_bags_is_blamed_itself_not_its_labels(visit, tmp_path, capsys):
    written, _ = visit
    other = write(tmp_path / "other.csv", "patient,u\nx,1\n")
    for verb in ("check", "train"):
        code, said = run(capsys, verb, other, "--labels", written.labels)
        error = said.err.partition("error:")[2]
        assert (code, "other.csv" in error, "labels.csv" in error) == (1, True, False)


def test_bags_without_labels_and_labels_without_bags_are_said(visit, tmp_path, capsys, caplog):
    written, _ = visit
    lines = written.labels.read_text(encoding="utf-8").splitlines()
    fewer = write(tmp_path / "fewer.csv", "\n".join(lines[:-2]) + "\n")
    code, said = run(capsys, "check", written.table, "--labels", fewer)
    assert (code, "2 bags of bags.csv have no row" in said.out) == (0, True)
    code, said = run(
        capsys, "train", written.table, "--labels", fewer, "--out", tmp_path / "r", "--epochs", "1"
    )
    assert (code, "2 bags of bags.csv have no row" in caplog.text) == (0, True)
    assert "features are constant in training and are passed over: 'f0'" in caplog.text  # a corner of digits
    more = write(tmp_path / "more.csv", "\n".join([*lines, "ghost,3"]) + "\n")
    code, said = run(capsys, "check", written.table, "--labels", more)
    assert (code, "no bag 'ghost'" in said.out) == (1, True)
