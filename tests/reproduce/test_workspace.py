"""Where data and weights are looked for, and what is said where they are not."""

from __future__ import annotations

import csv

import pytest
from PIL import Image

from weldon.data import Record, read_labels
from weldon.errors import UsageError
from weldon.recipes import Source
from weldon.reproduce.workspace import AbsentError, Workspace, held_back_table, tuning_names, write_table


def rows_of(table):
    """Return the rows of a table of labels."""
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_fifth_of_train_is_held_back_and_test_is_left_alone(scenes, data_root, tmp_path):
    table, pictures = held_back_table(scenes, data_root / "scenes", tmp_path)
    parts = [row["split"] for row in rows_of(table)]
    assert {name: parts.count(name) for name in parts} == {"train": 24, "val": 6, "test": 8}
    before = read_labels(data_root / "scenes", data_root / "scenes" / "labels.csv")
    after = read_labels(pictures, table)
    assert {r.path: r.labels for r in after.records} == {r.path: r.labels for r in before.records}
    assert {r.path for r in after.of_split("test")} == {r.path for r in before.of_split("test")}


def test_what_is_unknown_stays_unknown(tmp_path):
    """As where an image of VOC shows only difficult objects of a class."""
    known = Record(tmp_path / "a.jpg", "a.jpg", frozenset({"cat", "dog"}))
    half = Record(tmp_path / "b.jpg", "b.jpg", frozenset({"cat"}), frozenset({"dog"}))
    for record in (known, half):
        Image.new("RGB", (8, 8)).save(record.path)
    write_table(tmp_path / "table.csv", {"train": [known, half], "val": []}, tmp_path)
    after = read_labels(tmp_path, tmp_path / "table.csv")
    assert {r.file_name: (r.labels, r.unknown) for r in after.records} == {
        "a.jpg": (known.labels, frozenset()),
        "b.jpg": (half.labels, half.unknown),
    }


def test_the_draw_is_the_same_every_time(scenes, data_root, tmp_path):
    first, _ = held_back_table(scenes, data_root / "scenes", tmp_path / "a")
    second, _ = held_back_table(scenes, data_root / "scenes", tmp_path / "b")
    assert first.read_text() == second.read_text()


def test_tuning_masks_are_of_held_back_images(scenes, data_root, tmp_path):
    table, _ = held_back_table(scenes, data_root / "scenes", tmp_path)
    names = tuning_names(scenes.model_copy(update={"tuning": {"masks": 4}}), table).read_text().split()
    held_back = {
        row["file_name"].split("/")[-1].split(".")[0] for row in rows_of(table) if row["split"] == "val"
    }
    assert len(set(names)) == 4
    assert set(names) <= held_back


@pytest.mark.parametrize("name", ["scenes.csv", "scenes-tuning.txt"])
def test_a_kill_in_the_midst_of_writing_leaves_no_half_list(scenes, data_root, tmp_path, monkeypatch, name):
    source = scenes.model_copy(update={"tuning": {"masks": 4}})

    def both():
        table, _ = held_back_table(source, data_root / "scenes", tmp_path)
        return [path.read_bytes() for path in (table, tuning_names(source, table))]

    def cut(draft, content):
        with draft.open("wb") as file:
            file.write(content[: len(content) // 2])
        if name in draft.name:
            raise KeyboardInterrupt

    whole = both()
    (tmp_path / name).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "write_bytes", cut)
        with pytest.raises(KeyboardInterrupt):
            both()
    assert both() == whole


def source(**values) -> Source:
    """A public data set that is laid out as its catalogue entry says."""
    bare = {
        "name": "voc",
        "title": "VOC",
        "dataset": "voc2007",
        "images": 3,
        "how_to_get": "`weldon data get`",
    }
    return Source(**{**bare, **values})


def test_a_public_data_set_lies_where_weldon_data_get_puts_it(tmp_path):
    workspace = Workspace(tmp_path, tmp_path / "out")
    with pytest.raises(AbsentError, match="needs voc: `weldon data get`"):
        workspace.folder(source())
    (tmp_path / "voc2007").mkdir()
    assert workspace.data_options(source()) == {"data": tmp_path / "voc2007", "dataset": "voc2007"}


def test_photographs_of_ones_own_lie_in_a_folder_of_their_own_name(tmp_path):
    (tmp_path / "mine").mkdir()
    own = source(dataset=None, folder="mine")
    assert Workspace(tmp_path, tmp_path / "out").folder(own) == tmp_path / "mine"


def test_held_back_images_are_in_a_table_beside_the_results(workspace, scenes):
    options = workspace.data_options(scenes)
    assert options["labels"] == workspace.out / "labels" / "scenes.csv"
    parts = [row["split"] for row in rows_of(options["labels"])]
    assert {name: parts.count(name) for name in parts} == {"train": 24, "val": 6, "test": 8}
    assert options["data"] == workspace.data_root / "scenes"


def test_truth_is_given_where_the_data_has_it_and_it_is_asked_for(workspace, scenes):
    full = scenes.model_copy(
        update={"truth": {"boxes": "Annotations", "masks": "Masks"}, "tuning": {"masks": 2}}
    )
    folder = workspace.data_root / "scenes"
    assert workspace.truth_options(scenes, ["boxes", "masks"]) == {}
    assert workspace.truth_options(full, []) == {}
    assert workspace.truth_options(full, ["boxes"]) == {"boxes": folder / "Annotations"}
    given = workspace.truth_options(full, ["boxes", "masks", "legend"])
    assert given["masks"] == folder / "Masks"
    assert len(given["tune_on"].read_text().split()) == 2


@pytest.mark.parametrize("where", ["given", "environment", "beside the data"])
def test_weights_are_looked_for_where_they_may_be(tmp_path, monkeypatch, where):
    folder = tmp_path / ("weights" if where == "beside the data" else "elsewhere")
    folder.mkdir()
    (folder / "net.safetensors").touch()
    monkeypatch.delenv("WELDON_WEIGHTS", raising=False)
    if where == "environment":
        monkeypatch.setenv("WELDON_WEIGHTS", str(folder))
    workspace = Workspace(tmp_path / "data", tmp_path / "out", weights=folder if where == "given" else None)
    assert workspace.weights_file("net.safetensors") == str(folder / "net.safetensors")
    assert workspace.weights_file(str(folder / "net.safetensors")) == str(folder / "net.safetensors")
    assert workspace.weights_file("none") == "none"
    with pytest.raises(AbsentError, match=r"needs other\.safetensors: set WELDON_WEIGHTS to its folder"):
        workspace.weights_file("other.safetensors")


def test_options_are_checked_before_anything_is_run(tmp_path):
    with pytest.raises(UsageError, match="unknown option 'epoch'"):
        Workspace(tmp_path, tmp_path, options={"epoch": 3})
    with pytest.raises(UsageError, match="--set cannot change 'dataset': the protocol decides it"):
        Workspace(tmp_path, tmp_path, options={"dataset": "voc2007"})
