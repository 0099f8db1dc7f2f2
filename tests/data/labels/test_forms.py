"""Which form a label file is of, by its ending, and under which names one is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.data.labels import annotated, forms, jsonl, parquet, table
from weldon.data.labels.forms import FILE_FORMS, FOLDER_FORMS, form_of, usual_names
from weldon.errors import UsageError

FORMS = {
    table.FORM: ("a.csv", "A.TSV", "b.txt", "a.XLSX", "a.xlsm", "a.ods"),
    jsonl.FORM: ("a.jsonl", "a.ndjson"),
    parquet.FORM: ("a.parquet",),
    annotated.FORM: ("a.json", "a.xml"),
}


@pytest.mark.parametrize(("form", "name"), [(form, name) for form, names in FORMS.items() for name in names])
def test_the_ending_says_the_form(form, name):
    assert form_of(Path(name)) is form


def test_another_ending_lists_all_in_their_order():
    listed = (
        r"\.csv, \.tsv, \.txt, \.xlsx, \.xlsm, \.ods, \.jsonl, \.ndjson, \.parquet, \.json, \.xml, got a\.xls"
    )
    with pytest.raises(UsageError, match=listed):
        form_of(Path("a.xls"))


def test_a_form_that_is_added_is_known_by_its_ending_and_usual_name(monkeypatch):
    new = forms.FileForm((".odd",), table.FORM.read, usual=("labels.odd",))
    monkeypatch.setattr(forms, "FILE_FORMS", [*FILE_FORMS, new])
    assert form_of(Path("x.odd")) is new
    assert usual_names() == ("labels.csv", "labels.tsv", "labels.jsonl", "labels.odd")


def test_a_devkit_is_found_in_the_folder_or_one_below_and_else_the_folders_are_classes(tmp_path):
    for part in ("JPEGImages", "ImageSets"):
        (tmp_path / "VOCdevkit" / "VOC2007" / part).mkdir(parents=True)
    listed, devkit, classes = FOLDER_FORMS
    assert devkit.find(tmp_path) == tmp_path / "VOCdevkit" / "VOC2007"
    assert devkit.find(tmp_path / "VOCdevkit" / "VOC2007" / "ImageSets") is None
    assert classes.find(tmp_path) == tmp_path
    assert listed.find(tmp_path) is None
