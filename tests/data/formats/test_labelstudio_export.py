"""What Label Studio's exports hold, JSON and JSON-MIN; what we write for it is in test_labelstudio."""

from __future__ import annotations

import json

import pytest

from weldon.data.formats.labelstudio_export import is_labelstudio, read_labelstudio
from weldon.data.labels import read_labels
from weldon.data.record import Box
from weldon.errors import DataError


def region(label: str, **value) -> dict:
    return {
        "type": "rectanglelabels",
        "original_width": 200,
        "original_height": 100,
        "value": {
            "x": 10,
            "y": 10,
            "width": 20,
            "height": 40,
            "rotation": 0,
            "rectanglelabels": [label],
            **value,
        },
    }


def chosen(*labels: str) -> dict:
    return {"type": "choices", "value": {"choices": list(labels)}}


def export(tmp_path, *content) -> str:
    (tmp_path / "export.json").write_text(json.dumps(content))
    return tmp_path / "export.json"


def test_labels_come_from_choices_and_rectangles(tmp_path, photograph):
    for name in "abc":
        photograph(f"{name}.png")
    path = export(
        tmp_path,
        {
            "id": 1,
            "data": {"image": "/data/upload/1/0a1b2c3d-a.png"},
            "annotations": [{"result": [region("dog")]}],
        },
        {
            "id": 2,
            "data": {"image": "deep/other/machine/b.png"},
            "annotations": [{"result": [chosen("cat", "dog")]}],
        },
        {"id": 3, "data": {"picture": "c.png", "text": "x"}, "annotations": [{"result": []}]},
        {"id": 4, "data": {"image": "d.png"}, "annotations": []},
        {
            "id": 5,
            "data": {"image": "e.png"},
            "annotations": [{"result": [chosen("cat")], "was_cancelled": True}],
        },
    )
    found = read_labels(tmp_path, path)
    assert found.form == "labelstudio"
    assert found.classes == ("cat", "dog")
    assert [sorted(record.labels) for record in found.records] == [["dog"], ["cat", "dog"], []]
    assert found.records[0].boxes == (Box("dog", 20, 10, 60, 50),)
    assert any("2 of 5 tasks are not annotated" in note for note in found.notes)


def test_what_two_people_disagree_on_is_unknown(tmp_path):
    path = export(
        tmp_path,
        {
            "data": {"image": "a.png"},
            "annotations": [{"result": [chosen("cat", "dog")]}, {"result": [chosen("cat")]}],
        },
        {
            "data": {"image": "b.png"},
            "annotations": [{"result": [chosen("cat")]}, {"result": [chosen("dog")], "ground_truth": True}],
        },
    )
    first, second = read_labelstudio(path).images
    assert (first.labels, first.unknown) == (("cat",), ("dog",))
    assert (second.labels, second.unknown) == (("dog",), ())


def test_the_small_export_reads_too(tmp_path):
    mark = {**region("dog")["value"], "original_width": 200, "original_height": 100}
    path = export(
        tmp_path,
        {"id": 1, "image": "/data/upload/1/0a1b2c3d-a.png", "boxes": [mark], "choice": "cat", "annotator": 1},
        {"id": 2, "image": "b.png", "labels": {"choices": ["cat", "dog"]}, "annotator": 1},
    )
    first, second = read_labelstudio(path).images
    assert first.boxes == (Box("dog", 20, 10, 60, 50),)
    assert first.named == {"cat", "dog"}
    assert second.labels == ("cat", "dog")


def test_tasks_without_an_image_are_listed(tmp_path):
    with pytest.raises(DataError, match="task 7: no image"):
        read_labelstudio(export(tmp_path, {"id": 7, "data": {"text": "hello"}, "annotations": []}))


def read(tmp_path, *results, **task):
    """The first image of an export in which one person gave these results."""
    content = {"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": list(results)}], **task}
    return read_labelstudio(export(tmp_path, content)).images[0]


@pytest.mark.parametrize("kind", ["brushlabels", "ellipselabels", "bitmasklabels", "labels"])
def test_a_mark_of_another_kind_still_says_that_the_class_is_there(tmp_path, kind):
    mark = {"x": 1, "y": 2, "radiusX": 3, "radiusY": 4, kind: ["cat"]}
    size = {"original_width": 200, "original_height": 50}
    assert read(tmp_path, {"type": kind, **size, "value": mark}).named == {"cat"}
    small = export(tmp_path, {"id": 1, "image": "a.png", "marks": [{**mark, **size}], "annotator": 1})
    assert read_labelstudio(small).images[0].named == {"cat"}


@pytest.mark.parametrize(
    ("content", "yes"),
    [
        ([{"data": {}}], True),
        ([{"image": "a.png", "annotator": 1}], True),
        ([], False),
        ([1], False),
        ({"data": {}}, False),
        ([{"image": "a.png"}], False),
    ],
)
def test_an_export_is_known_by_its_first_task(content, yes):
    assert is_labelstudio(content) is yes


@pytest.mark.parametrize(
    "task",
    [
        {"data": None},
        {"annotations": [{"result": [region("dog") | {"value": {"rectanglelabels": ["dog"]}}]}]},
        {"annotations": [{"result": [{"type": "polygonlabels", "value": {"polygonlabels": ["dog"]}}]}]},
    ],
)
def test_a_task_that_is_laid_out_otherwise_is_an_error_about_the_file(tmp_path, task):
    with pytest.raises(DataError, match=r"export\.json is not laid out as"):
        read(tmp_path, **task)


def test_another_json_file_is_no_export(tmp_path):
    (tmp_path / "a.json").write_text('{"images": []}')
    with pytest.raises(DataError, match=r"a\.json is no Label Studio export"):
        read_labelstudio(tmp_path / "a.json")


def test_an_answer_of_an_unknown_kind_leaves_the_other_classes_unknown(tmp_path, photograph):
    photograph("a.png"), photograph("b.png")
    strange = {"type": "hologram", "value": {"hologram": ["dog"]}}
    path = export(
        tmp_path,
        {"id": 8, "data": {"image": "a.png"}, "annotations": [{"result": [chosen("cat"), strange]}]},
        {"id": 9, "data": {"image": "b.png"}, "annotations": [{"result": [chosen("dog")]}]},
    )
    found = read_labels(tmp_path, path)
    assert [record.unknown for record in found.records] == [{"dog"}, frozenset()]
    assert any("'hologram' are not understood" in note and "task 8" in note for note in found.notes)


def test_answers_that_name_no_class_are_counted_and_leave_nothing_unknown(tmp_path):
    path = export(
        tmp_path,
        {
            "id": 8,
            "data": {"image": "a.png"},
            "annotations": [{"result": [chosen("cat"), {"type": "textarea", "value": {"text": ["x"]}}]}],
        },
    )
    found = read_labelstudio(path)
    assert not found.images[0].partial
    assert "answers of the kind 'textarea'" in found.notes[0]


def test_skipped_tasks_are_unknown_and_counted(tmp_path):
    skipped = {"result": [chosen("cat")], "was_cancelled": True}
    path = export(
        tmp_path,
        {"id": 8, "data": {"image": "a.png"}, "annotations": [skipped]},
        {"id": 9, "data": {"image": "b.png"}, "annotations": [skipped, {"result": [chosen("dog")]}]},
    )
    found = read_labelstudio(path)
    assert [image.labels for image in found.images] == [("dog",)]
    assert any("tasks were skipped by an annotator" in note and "(2: " in note for note in found.notes)


@pytest.mark.parametrize(
    "result",
    [
        region("dog", x=float("nan")),
        region("dog", width="wide"),
        region("dog", rectanglelabels="dog"),
        region("dog", rectanglelabels=[None]),
        {"type": "polygonlabels", "value": {"points": [], "polygonlabels": ["dog"]}},
        {"type": "taxonomy", "value": {"taxonomy": [[1]]}},
        {"type": "choices", "value": {"choices": "dog"}},
        "dog",
    ],
)
def test_a_damaged_answer_is_named_by_task(tmp_path, result):
    task = {"id": 8, "data": {"image": "a.png"}, "annotations": [{"result": [result]}]}
    with pytest.raises(DataError, match=r"export\.json, task 8: an answer cannot be read"):
        read_labelstudio(export(tmp_path, task))
