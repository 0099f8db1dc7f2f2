"""The images that are measured are those of the split; other data is read by the run's own rules."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from weldon.data import Record
from weldon.evaluation.selection import MeasuredImages, _other_records
from weldon.runs.recipe_file import build_recipe


def names(chosen) -> list[str]:
    return [record.file_name for record in chosen]


def test_files_without_a_cached_map_are_left_out_of_both_parts():
    a, b, c, d = (Record(Path(name), name, frozenset()) for name in "abcd")
    images = MeasuredImages((a, b, c, d), (a, b), (c, d), Path("."), own=True)
    kept = images.readable({Path("b"): 0, Path("c"): 1})
    assert (names(kept.measured), names(kept.tuning), names(kept.records)) == (["b"], ["c"], list("abcd"))


def test_what_the_reader_says_of_other_data_is_said(tmp_path, caplog):
    (tmp_path / "a.png").touch()
    (tmp_path / "labels.csv").write_text("file_name,labels,note\na.png,cat,x\n")
    run = SimpleNamespace(class_names=("cat",), splits=tmp_path / "splits.csv")
    records, _ = _other_records(run, build_recipe({"data": tmp_path}), tmp_path, None)
    assert names(records) == ["a.png"]
    assert "columns that are not used: note" in caplog.text
