"""A run learns from corrected labels on the same images; the user's own table is never written to."""

from __future__ import annotations

import pytest

from cli.shell import run as command
from weldon.data.corrections import Correction, append_correction, label_of
from weldon.data.split import read_begun
from weldon.errors import DataError
from weldon.evaluation import evaluate
from weldon.runs.recipe_file import build_recipe
from weldon.training import train
from weldon.training.inputs.prepare import prepare


@pytest.fixture
def table(tmp_path):
    """Twenty images that show a cat, a dog or both, without a split."""
    for number in range(20):
        (tmp_path / f"{number}.jpg").touch()
    labels = ["cat", "dog", "cat|dog"]
    rows = [f"{number}.jpg,{labels[number % 3]}" for number in range(20)]
    (tmp_path / "labels.csv").write_text("\n".join(["file_name,labels", *rows, ""]))
    return tmp_path


def prepared(folder, **options):
    return prepare(build_recipe({"data": folder, "labels": folder / "labels.csv", **options}))


def correct(path, file: str, name: str, before: str, after: str) -> None:
    append_correction(path, Correction(file, name, before, after))


def labels_of(found):
    return {
        record.file_name: {name: label_of(record, name) for name in ("cat", "dog")}
        for record in found.records
    }


def test_what_is_corrected_and_nothing_else_changes_and_the_split_stays(table):
    made = table / "corrections.csv"
    correct(made, "0.jpg", "cat", "present", "absent")
    correct(made, "1.jpg", "cat", "absent", "unknown")
    before, after = prepared(table), prepared(table, corrections=made)
    changed = labels_of(before)
    changed["0.jpg"]["cat"], changed["1.jpg"]["cat"] = "absent", "unknown"
    assert labels_of(after) == changed
    assert [r.file_name for r in after.train] == [r.file_name for r in before.train]
    assert f"{made}: 2 labels changed, 0 confirmed or as they were" in after.notes


def test_many_corrections_do_not_move_an_image_to_another_split(table):
    made = table / "corrections.csv"
    for number in range(3, 20):
        was = "present" if number % 3 != 1 else "absent"
        correct(made, f"{number}.jpg", "cat", was, "absent" if was == "present" else "present")
    before, after = prepared(table), prepared(table, corrections=made)
    assert [r.file_name for r in after.val] == [r.file_name for r in before.val]


def test_a_contradiction_is_said_and_unknown(table):
    correct(table / "c.csv", "0.jpg", "cat", "absent", "unknown")
    found = prepared(table, corrections=table / "c.csv")
    assert labels_of(found)["0.jpg"]["cat"] == "unknown"
    correct(table / "d.csv", "0.jpg", "dog", "unknown", "present")
    found = prepared(table, corrections=table / "d.csv")
    assert labels_of(found)["0.jpg"]["dog"] == "unknown"
    assert any(note.startswith("d.csv row 2: '0.jpg', 'dog'") for note in found.notes)


@pytest.mark.parametrize("row", ["99.jpg,cat,present,absent", "0.jpg,cow,absent,present"])
def test_an_image_or_class_that_is_not_there_stops_the_run_with_its_row(table, row):
    (table / "c.csv").write_text(f"file,class,from,to\n{row}\n")
    with pytest.raises(DataError, match=r"row 2: no (image|class)"):
        prepared(table, corrections=table / "c.csv")


def test_a_missing_table_is_named(table):
    with pytest.raises(DataError, match=r"cannot read .*none\.csv"):
        prepared(table, corrections=table / "none.csv")


def test_a_class_that_no_training_image_shows_any_more_is_refused(table):
    for record in prepared(table).records:
        if "cat" in record.labels:
            correct(table / "c.csv", record.file_name, "cat", "present", "absent")
    with pytest.raises(DataError, match="no training image shows 'cat'"):
        prepared(table, corrections=table / "c.csv")


def test_images_of_one_class_each_keep_one(table):
    rows = [f"{number}.jpg,{'cat' if number % 2 else 'dog'}" for number in range(20)]
    (table / "labels.csv").write_text("\n".join(["file_name,labels", *rows, ""]))
    correct(table / "c.csv", "1.jpg", "cat", "present", "absent")
    with pytest.raises(DataError, match=r"one class.*\n.*1\.jpg: no class"):
        prepared(table, corrections=table / "c.csv")
    assert prepared(table, corrections=table / "c.csv", task="multilabel").task == "multilabel"
    correct(table / "c.csv", "1.jpg", "dog", "absent", "present")
    assert prepared(table, corrections=table / "c.csv").task == "multiclass"


@pytest.fixture
def corrected_run(scenes, tiny, tmp_path):
    """A run of one epoch with one corrected label; its table, and what the user's file held before."""
    made = tmp_path / "corrections.csv"
    first = prepare(build_recipe({"data": scenes, "labels": scenes / "labels.csv"})).train[0]
    name = next(name for name in "134789" if name not in first.labels)
    correct(made, first.file_name, name, "absent", "present")
    user = (scenes / "labels.csv").read_bytes()
    run = train(scenes, scenes / "labels.csv", out=tmp_path / "run", epochs=1, corrections=made, **tiny)
    return run, made, user, (first.file_name, name)


def test_a_run_learns_from_corrections_and_keeps_a_copy(corrected_run, scenes):
    run, made, user, (file, name) = corrected_run
    assert (scenes / "labels.csv").read_bytes() == user
    assert run.corrections_used.read_bytes() == made.read_bytes()
    row = next(row for row in read_begun(run.splits) if row["file_name"] == file)
    assert name in row["labels"].split("|")


def test_a_run_is_resumed_with_the_corrections_it_began_with(corrected_run, scenes):
    run, made, _, (file, name) = corrected_run
    correct(made, file, name, "present", "unknown")
    before = run.splits.read_bytes()
    train(scenes, out=run.path, resume=True, epochs=2, progress=False)
    assert run.splits.read_bytes() == before
    assert run.corrections_used.read_bytes().count(b"\n") == 2


def test_a_resumed_run_may_have_its_table_elsewhere(corrected_run, scenes):
    run, made, _, (file, name) = corrected_run
    made.rename(made.with_name("moved.csv"))
    again = train(
        scenes, out=run.path, resume=True, epochs=2, corrections=made.with_name("moved.csv"), progress=False
    )
    row = next(row for row in read_begun(again.splits) if row["file_name"] == file)
    assert name in row["labels"].split("|")
    assert [line.split(",")[0] for line in again.metrics.read_text().split()] == ["epoch", "0", "1"]
    assert evaluate(again)["map"] == pytest.approx(again.manifest_values["validation"]["map"], abs=1e-6)


def test_figures_of_a_run_stay_when_its_table_grows_or_goes(corrected_run):
    run, made, *_ = corrected_run
    before = evaluate(run)
    val = next(row for row in read_begun(run.splits) if row["split"] == "val")
    name = val["labels"].split("|")[0]
    correct(made, val["file_name"], name, "present", "absent")
    assert evaluate(run) == before
    made.unlink()
    assert evaluate(run) == before


def test_a_run_with_corrections_is_replaced_as_any_other(corrected_run, scenes, tiny):
    run, *_ = corrected_run
    again = train(scenes, scenes / "labels.csv", out=run.path, overwrite=True, epochs=1, **tiny)
    assert not again.corrections_used.exists()


def test_the_command_line_takes_them_and_names_a_bad_row(scenes, tmp_path, capsys):
    (tmp_path / "c.csv").write_text("file,class,from,to\nnone.png,3,absent,present\n")
    labels = ("--labels", scenes / "labels.csv", "--out", tmp_path / "run")
    code, said = command(capsys, "train", scenes, *labels, "--corrections", tmp_path / "c.csv")
    assert code == 1
    assert "row 2: no image 'none.png'" in said.err
