"""What is held back is drawn once, from the data alone."""

from __future__ import annotations

import csv

import pytest

from weldon.data import read_labels
from weldon.reproduce.held_back import declared_names, held_back_table


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


def test_the_draw_is_the_same_every_time(scenes, data_root, tmp_path):
    first, _ = held_back_table(scenes, data_root / "scenes", tmp_path / "a")
    second, _ = held_back_table(scenes, data_root / "scenes", tmp_path / "b")
    assert first.read_text() == second.read_text()


def test_declared_masks_are_of_held_back_images(scenes, data_root, tmp_path):
    table, _ = held_back_table(scenes, data_root / "scenes", tmp_path)
    names = declared_names(scenes.model_copy(update={"declared": 4}), table).read_text().split()
    held_back = {
        row["file_name"].split("/")[-1].split(".")[0] for row in rows_of(table) if row["split"] == "val"
    }
    assert len(set(names)) == 4
    assert set(names) <= held_back


@pytest.mark.parametrize("name", ["scenes.csv", "scenes-declared.txt"])
def test_a_kill_in_the_midst_of_writing_leaves_no_half_list(scenes, data_root, tmp_path, monkeypatch, name):
    source = scenes.model_copy(update={"declared": 4})

    def both():
        table, _ = held_back_table(source, data_root / "scenes", tmp_path)
        return [path.read_bytes() for path in (table, declared_names(source, table))]

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
