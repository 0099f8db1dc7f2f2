"""Tasks of an export: their pictures; bare answers of JSON-MIN; taxonomies, whose last level is the class."""

from __future__ import annotations

import json

import pytest

from weldon.data.formats.labelstudio_export import read_labelstudio
from weldon.data.formats.labelstudio_tasks import (
    class_names,
    file_name_of,
    image_url,
    implied,
    paths_of,
    uploaded_name,
)
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


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/data/local-files/?d=photos/a%20b.jpg", "photos/a b.jpg"),
        ("/data/upload/12/0a1b2c3d-plate_1.jpg", "0a1b2c3d-plate_1.jpg"),
        ("/data/upload/0a1b2c3d-plate_1.jpg", "0a1b2c3d-plate_1.jpg"),
        ("http://[a.jpg", "http://[a.jpg"),
        ("/data/upload/", "/data/upload/"),
        ("s3://bucket/folder/a.jpg", "folder/a.jpg"),
        ("https://host/x/a%20b.jpg?token=1", "x/a b.jpg"),
        ("a b.jpg", "a b.jpg"),
        ("C:\\data\\a.jpg", "C:\\data\\a.jpg"),
    ],
)
def test_urls_name_files(url, name):
    assert file_name_of(url) == name


def test_an_upload_had_a_name_before():
    assert uploaded_name("day/0a1b2c3d-a.jpg") == "day/a.jpg"
    for same in ("0a1b2c3-a.jpg", "0a1b2c3g-a.jpg", "0a1b2c3d-", "a.jpg", ""):
        assert uploaded_name(same) == same


def test_the_image_of_a_task_is_found_under_any_name():
    assert image_url({"text": "a", "photo": "/data/upload/a.JPG"}) == "/data/upload/a.JPG"
    assert image_url({"image": "x", "photo": "a.jpg"}) == "x"
    assert image_url({"image": 3, "text": "a"}) is None


@pytest.fixture
def labels(tmp_path, photograph):
    """Read an export in which image n was given the nth answer."""

    def read(*answers):
        tasks = []
        for number, answer in enumerate(answers):
            photograph(f"{number}.png")
            result = [{"type": "taxonomy", "value": {"taxonomy": answer}}]
            tasks.append(
                {"id": number, "data": {"image": f"{number}.png"}, "annotations": [{"result": result}]}
            )
        (tmp_path / "e.json").write_text(json.dumps(tasks))
        return read_labels(tmp_path, tmp_path / "e.json")

    return read


def test_an_answer_is_its_last_level_and_the_path_is_said(labels):
    found = labels([["Animal", "Dog"]], [["Animal", "Cat"], ["Place", "Outdoor"]])
    assert [sorted(record.labels) for record in found.records] == [["Dog"], ["Cat", "Outdoor"]]
    assert any("'Dog' is Animal / Dog" in note for note in found.notes)


def test_equal_last_levels_keep_their_paths(labels):
    found = labels([["Animal", "Bat"]], [["Sport", "Bat"]])
    assert found.classes == ("Animal / Bat", "Sport / Bat")


def test_a_level_above_is_present_and_levels_beneath_are_unknown(labels):
    found = labels([["Animal"]], [["Animal", "Dog"]], [["Plant"]])
    assert [(record.labels, record.unknown) for record in found.records] == [
        ({"Animal"}, {"Dog"}),
        ({"Animal", "Dog"}, frozenset()),
        ({"Plant"}, frozenset()),
    ]


def test_a_level_and_one_beneath_it_leave_nothing_open():
    names = class_names([("a",), ("a", "b"), ("a", "c")])
    assert implied([("a",), ("a", "b")], names) == (["a", "b"], [])


@pytest.mark.parametrize("answer", [[[]], [[1]], [None], [["a", ""]]])
def test_what_is_no_path_is_refused(answer):
    with pytest.raises(TypeError):
        paths_of(answer)
