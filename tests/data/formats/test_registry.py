"""Every format there and back; what only one of them does is in its own file."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weldon.data.formats import FORMATS, write_annotations
from weldon.data.formats.annotation import AnnotationSet, ImageAnnotation, Keypoint, Polygon
from weldon.data.formats.registry import annotation_form, read_annotations
from weldon.data.labels import read_labels
from weldon.data.record import Box
from weldon.data.truth import read_boxes
from weldon.errors import DataError, UsageError

CLASSES = ("cat", 'dög & "co" <x>', "7", "no", "yes: [1]")

PLACES = {
    "coco": "coco.json",
    "cvat": "cvat/annotations.xml",
    "labelstudio": "labelstudio/tasks.json",
    "yolo": "yolo",
    "voc": "voc",
}


def _answered(path: Path) -> None:
    """Turn predictions into annotations, as accepting them in Label Studio does."""
    path.write_text(path.read_text().replace('"predictions"', '"annotations"'))


@pytest.fixture
def annotations(photograph, tmp_path) -> tuple[ImageAnnotation, ...]:
    photograph("images/a b.png", size=(400, 300))
    photograph("images/sub/ü.png", size=(123, 457))
    photograph("images/none.png", size=(50, 40))
    for name in ("a b", "sub/ü", "none"):
        photograph(f"yolo/images/{name}.png", size=Image.open(tmp_path / f"images/{name}.png").size)
    return (
        ImageAnnotation(
            "a b.png",
            400,
            300,
            boxes=(Box("cat", 0, 0, 400, 300, 0.875), Box("7", 10.25, 20.5, 33.75, 44.0, 0.5)),
            labels=("cat", "7"),
            scores={"cat": 0.9375, "7": 0.5},
            points=(Keypoint("cat", 200.5, 150.25, 0.75),),
        ),
        ImageAnnotation("sub/ü.png", 123, 457, boxes=tuple(Box(name, 1, 2, 30, 40) for name in CLASSES[1:])),
        ImageAnnotation("none.png", 50, 40),
    )


def written(name: str, folder: Path, images) -> AnnotationSet:
    write_annotations(name, folder, images, CLASSES)
    if name == "labelstudio":
        _answered(folder / PLACES[name])
    assert annotation_form(folder / PLACES[name]) == name
    return read_annotations(folder / PLACES[name])


@pytest.mark.parametrize("name", FORMATS)
def test_boxes_survive_every_format(name, tmp_path, annotations):
    found = {image.file_name: image for image in written(name, tmp_path, annotations).images}
    tolerance = 0.5 if name == "voc" else 0.02
    for image in annotations:
        back = found.get(image.file_name) or found[Path(image.file_name).name]
        if back.width or image.boxes:  # a task without marks does not tell its size
            assert (back.width, back.height) == (image.width, image.height)
        assert [box.label for box in back.boxes] == [box.label for box in image.boxes]
        for one, two in zip(back.boxes, image.boxes, strict=True):
            assert (one.x1, one.y1, one.x2, one.y2) == pytest.approx(
                (two.x1, two.y1, two.x2, two.y2), abs=tolerance
            )


@pytest.mark.parametrize("name", ["coco", "cvat", "labelstudio", "voc"])
def test_scores_survive(name, tmp_path, annotations):
    first = written(name, tmp_path, annotations).images[0]
    assert [box.score for box in first.boxes] == [0.875, 0.5]


@pytest.mark.parametrize("name", ["coco", "cvat", "labelstudio"])
def test_image_labels_and_points_survive(name, tmp_path, annotations):
    first, second, _ = written(name, tmp_path, annotations).images
    assert set(first.labels) == {"cat", "7"}
    assert second.labels == ()
    (point,) = first.points
    assert (point.label, point.score) == ("cat", 0.75)
    assert (point.x, point.y) == pytest.approx((200.5, 150.25), abs=0.02)


@pytest.mark.parametrize("name", ["coco", "cvat", "labelstudio"])
def test_polygons_survive(name, tmp_path, annotations):
    triangle = Polygon("cat", ((10, 10), (100.5, 20), (50, 90.25)), 0.25)
    first = written(name, tmp_path, [replace(annotations[0], polygons=(triangle,))]).images[0]
    (found,) = first.polygons
    assert (found.label, found.score) == ("cat", 0.25)
    assert sum(found.points, ()) == pytest.approx(sum(triangle.points, ()), abs=0.02)


@pytest.mark.parametrize("name", ["coco", "cvat", "yolo"])
def test_the_order_of_the_classes_survives(name, tmp_path, annotations):
    assert written(name, tmp_path, annotations).classes == CLASSES


@pytest.mark.parametrize("name", ["coco", "cvat", "labelstudio"])
def test_what_was_written_can_be_learnt_from(name, tmp_path, annotations):
    written(name, tmp_path, annotations)
    found = read_labels(tmp_path, tmp_path / PLACES[name])
    assert found.form == name
    assert set(found.classes) == set(CLASSES)
    assert found.records[0].labels == {"cat", "7"}
    assert found.records[1].labels == set(CLASSES[1:])
    assert found.records[1].path == tmp_path / "images" / "sub" / "ü.png"
    assert found.records[0].boxes is not None
    assert len(found.records[0].boxes) == 2


@pytest.mark.parametrize("name", FORMATS)
def test_a_label_outside_the_classes_is_refused(name, tmp_path, annotations):
    if name == "voc":
        pytest.skip("VOC XML has no list of classes")
    with pytest.raises(DataError, match=r"a b\.png: 'cat'"):
        write_annotations(name, tmp_path, annotations, CLASSES[1:])


def test_an_unknown_format_lists_the_known(tmp_path):
    with pytest.raises(UsageError, match="coco, labelstudio, cvat, yolo, voc, got 'via'"):
        write_annotations("via", tmp_path, [], CLASSES)


@pytest.mark.parametrize("name", ["coco", "cvat", "yolo", "voc"])
def test_true_boxes_are_found_by_any_name_of_the_image(name, tmp_path, annotations):
    write_annotations(name, tmp_path / "truth", annotations, CLASSES)
    if name == "yolo":  # the sizes are those of the photographs beside its texts
        (tmp_path / "yolo" / "images").rename(tmp_path / "truth" / "yolo" / "images")
    truth = read_boxes(tmp_path / "truth" / PLACES[name])
    assert len(truth) == 3
    for spelling in ("a b.png", "images/a b.png", "a b", "a b.jpg"):
        assert len(truth[spelling]) == 2
    assert truth["none.png"] == ()
    assert "other.png" not in truth
    assert truth.get("other.png") is None


def boxed(name: str, label: str) -> ImageAnnotation:
    return ImageAnnotation(name, 40, 30, boxes=(Box(label, 1, 2, 11, 22, 0.5),), labels=(label,))


@pytest.mark.parametrize("name", FORMATS)
def test_equal_names_in_several_folders_stay_apart(name, tmp_path, photograph):
    images = [
        boxed("x/a.png", "cat"),
        boxed("y/a.png", "7"),
        boxed("y/deep/a.png", "no"),
        boxed("A b.v2.png", "7"),
    ]
    for image in images:
        photograph(f"yolo/images/{image.file_name}", size=(40, 30))
    found = {image.file_name: image for image in written(name, tmp_path, images).images}
    assert {file_name: image.named for file_name, image in found.items()} == {
        image.file_name: image.named for image in images
    }


@pytest.mark.parametrize("name", ["coco", "cvat", "voc"])
def test_what_was_written_is_the_truth_that_val_reads(name, tmp_path):
    images = [boxed("x/a.png", "cat"), boxed("y/a.png", "7")]
    write_annotations(name, tmp_path, images, CLASSES)
    truth = read_boxes(tmp_path / PLACES[name]).of(["data/x/a.png", "data/y/a.png", "data/z/b.png"])
    assert {key: [box.label for box in boxes] for key, boxes in truth.items()} == {
        "data/x/a.png": ["cat"],
        "data/y/a.png": ["7"],
    }


@pytest.mark.parametrize("name", ["coco", "cvat", "labelstudio"])
def test_masks_come_back_as_outlines_of_their_classes(name, tmp_path):
    mask = np.zeros((30, 40), np.uint8)
    mask[2:10, 3:20], mask[15:25, 30:38] = 1, 3
    (image,) = written(name, tmp_path, [ImageAnnotation("a.png", 40, 30, mask=mask)]).images
    assert image.named == {CLASSES[0], CLASSES[2]}
    around = {box.label: (box.x1, box.y1, box.x2, box.y2) for box in image.truth()}
    assert around[CLASSES[0]] == pytest.approx((3, 2, 20, 10), abs=0.02)
    assert around[CLASSES[2]] == pytest.approx((30, 15, 38, 25), abs=0.02)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("file_name", ["../../a.png", "/a.png", "C:\\x\\a.png"])
def test_nothing_is_written_outside_the_folder(name, tmp_path, file_name):
    write_annotations(name, tmp_path / "in" / "out", [ImageAnnotation(file_name, 40, 30)], CLASSES)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["out"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_leaves_the_old_files_whole(name, tmp_path, monkeypatch):
    write_annotations(name, tmp_path, [boxed("a.png", "cat")], CLASSES)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_annotations(name, tmp_path, [boxed("a.png", "7")], CLASSES)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.json", {"images": [], "annotations": [], "categories": []}, "coco"),
        ("b.JSON", [{"data": {"image": "a.png"}, "annotations": []}], "labelstudio"),
        ("c.xml", None, "cvat"),
        ("yolo/data.yaml", None, "yolo"),
        ("voc/a.xml", None, "voc"),
    ],
)
def test_forms_are_told_apart_by_what_is_inside(tmp_path, name, content, form):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    assert annotation_form(path if path.parent == tmp_path else path.parent) == form
