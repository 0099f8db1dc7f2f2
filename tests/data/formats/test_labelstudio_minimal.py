"""JSON-MIN: single answers are bare texts under the name of the control that asked."""

from __future__ import annotations

import json

import pytest

from weldon.data.formats.labelstudio_export import read_labelstudio
from weldon.data.labels import read_labels

TAIL = {"annotator": 1, "annotation_id": 1, "created_at": "2024-01-01", "updated_at": "x", "lead_time": 1.0}


def read(tmp_path, *entries):
    (tmp_path / "min.json").write_text(json.dumps(entries))
    return read_labelstudio(tmp_path / "min.json")


def entry(name="a.png", number=1, *, text="a caption", **answers):
    """The layout of the converter: the task's data, its id, the answers, who gave them."""
    return {"image": name, "caption": text, "id": number, **answers, **TAIL}


@pytest.mark.parametrize("control", ["labels", "choice", "animal kind"])
def test_a_single_choice_is_a_label_under_any_name(tmp_path, control):
    found = read(
        tmp_path, entry(**{control: "cat"}), entry("b.png", 2, **{control: {"choices": ["cat", "dog"]}})
    )
    assert [image.labels for image in found.images] == [("cat",), ("cat", "dog")]
    assert found.classes == ("cat", "dog"), "the caption is the task's own"
    assert repr(control) in found.notes[0]


def test_answers_behind_the_bookkeeping_are_answers_too(tmp_path):
    found = read(tmp_path, {"image": "a.png", "id": 1, **TAIL, "labels": "cat"})
    assert found.images[0].labels == ("cat",)


def test_a_choice_a_region_is_a_list_of_texts(tmp_path):
    assert read(tmp_path, entry(kind=["cat", "dog"])).images[0].labels == ("cat", "dog")


def test_no_answer_is_no_class_and_no_annotation_is_left_out(tmp_path):
    bare = {"image": "b.png", "id": 2, "annotator": None, "annotation_id": None}
    found = read(tmp_path, entry(), bare)
    assert [(image.file_name, image.named) for image in found.images] == [("a.png", frozenset())]
    assert "1 of 2 tasks are not annotated" in found.notes[0]


def test_what_two_people_disagree_on_is_unknown(tmp_path, photograph):
    photograph("a.png")
    found = read(tmp_path, entry(labels="cat"), entry(labels={"choices": ["cat", "dog"]}))
    (image,) = found.images
    assert (image.labels, image.unknown) == (("cat",), ("dog",))
    assert any("several people" in note and "task 1" in note for note in found.notes)
    alone = read_labels(tmp_path, tmp_path / "min.json")
    assert (alone.classes, alone.records[0].unknown) == (
        ("cat",),
        frozenset(),
    )  # nobody shows a dog: no class


def test_taxonomies_and_answers_without_a_class_are_told_apart(tmp_path):
    answers = {
        "kind": [{"taxonomy": [["Animal", "Dog"]]}],
        "stars": [{"rating": 4}],
        "why": {"text": ["a", "b"]},
    }
    found = read(tmp_path, entry(**answers))
    assert found.images[0].named == {"Dog"}
    assert [note for note in found.notes if "'rating'" in note]
    assert [note for note in found.notes if "'textarea'" in note]
    assert not found.images[0].partial


def test_a_skipped_answer_does_not_count(tmp_path):
    assert read(tmp_path, entry(labels="cat", was_cancelled=True)).images == ()
