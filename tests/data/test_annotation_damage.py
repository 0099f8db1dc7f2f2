"""Files of annotation tools, damaged by a seed: read, or refused by name; never anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from stress import tree_damage, xml_trees
from stress.mutation import ANY_BYTES, Mutator, of_bytes
from weldon.data.formats.yolo import read_yolo
from weldon.data.labels import read_labels
from weldon.data.truth import read_boxes
from weldon.errors import WeldonError

ROUNDS = 12
NAMES = ("a.png", "b.png", "sub/c.png")
SIZE = {"original_width": 40, "original_height": 30}

COCO = {
    "images": [
        {"id": 1, "file_name": "a.png", "width": 40, "labels": ["cat"], "scores": {"cat": 0.5}},
        {"id": 2, "file_name": "b.png", "points": [{"category_id": 1, "x": 1, "y": 2, "score": 0.5}]},
        {"id": 3, "file_name": "sub/c.png", "neg_category_ids": [1]},
    ],
    "annotations": [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "bbox": [1, 2, 3, 4],
            "segmentation": [[1, 1, 5, 1, 5, 9]],
        },
        {"id": 2, "image_id": 2, "category_id": 2, "segmentation": {"size": [2, 3], "counts": [1, 2, 3]}},
        {"id": 3, "image_id": 3, "category_id": 2, "segmentation": {"size": [2, 3], "counts": "123"}},
    ],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
}
RESULTS = [
    {
        "type": "rectanglelabels",
        **SIZE,
        "value": {"x": 1, "y": 2, "width": 30, "height": 40, "rotation": 10, "rectanglelabels": ["cat"]},
    },
    {"type": "choices", "value": {"choices": ["dog"]}},
    {"type": "taxonomy", "value": {"taxonomy": [["A", "B"], ["A"]]}},
    {
        "type": "polygonlabels",
        **SIZE,
        "value": {"points": [[0, 0], [9, 0], [9, 9]], "polygonlabels": ["cat"]},
    },
    {"type": "keypointlabels", **SIZE, "value": {"x": 1, "y": 2, "keypointlabels": ["cat"]}},
]
TASKS = [
    {"id": 1, "data": {"image": "/data/upload/1/0a1b2c3d-a.png"}, "annotations": [{"result": RESULTS}]},
    {"id": 2, "data": {"image": "b.png"}, "annotations": [{"result": []}, {"result": RESULTS[1:2]}]},
]
MINIMAL = [
    {"image": "a.png", "id": 1, "labels": "cat", "marks": [{**RESULTS[0]["value"], **SIZE}], "annotator": 1},
    {"image": "b.png", "id": 2, "labels": {"choices": ["cat", "dog"]}, "annotator": 2},
]
CVAT = """<annotations><meta><task><labels><label><name>cat</name></label><label><name>dog</name></label>
</labels></task></meta><image id="0" name="a.png" width="40" height="30"><tag label="cat"><attribute
name="score">0.5</attribute></tag><box label="dog" xtl="1" ytl="1" xbr="9" ybr="9" rotation="30"/><polygon
label="cat" points="1,1;5,1;5,5"/><points label="cat" points="1,1"/><mask
label="cat" rle="2, 4, 4, 2" left="1" top="2" width="4" height="3"/><ellipse
label="dog" cx="5" cy="5" rx="2" ry="3"/><polyline label="dog"
points="1,1;2,2"/></image><image id="1" name="b.png" width="40" height="30"/></annotations>"""
VOC = """<annotation><filename>a.png</filename><size><width>40</width><height>30</height></size><object>
<name>cat</name><difficult>0</difficult><score>0.5</score><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax>
<ymax>20</ymax></bndbox></object></annotation>"""
YAML = "path: .\nnames:\n  0: cat\n  1: dog\n"
TEXT = "0 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.2 0.1 0.2 0.2\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Three pictures, and a YOLO folder with one."""
    folder = tmp_path_factory.mktemp("annotated")
    for name in (*NAMES, "yolo/images/a.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((30, 40, 3), 9, np.uint8)).save(folder / name)
    return folder


def labels_and_boxes(path: Path) -> None:
    """Read a file as labels to train on and as truth to measure against; both must end well."""
    refusals = []
    for read in (lambda: read_labels(path.parent, path), lambda: read_boxes(path).of(NAMES)):
        try:
            read()
        except WeldonError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


def boxes_of_folder(path: Path) -> None:
    read_boxes(path.parent).of(NAMES)


def yolo_folder(path: Path) -> None:
    read_yolo(next(folder for folder in path.parents if folder.name == "yolo"))


JSON = tree_damage.mutators(json.loads, tree_damage.written)
XML = tree_damage.mutators(xml_trees.parse, xml_trees.write)
GROWING = tuple(of_bytes(damage) for damage in (xml_trees.laughs, xml_trees.outside_entity))


@pytest.mark.parametrize(
    ("name", "content", "damages", "read"),
    [
        ("coco.json", json.dumps(COCO), JSON, labels_and_boxes),
        ("tasks.json", json.dumps(TASKS), JSON, labels_and_boxes),
        ("minimal.json", json.dumps(MINIMAL), JSON, labels_and_boxes),
        ("cvat.xml", CVAT, (*XML, *GROWING), labels_and_boxes),
        ("voc/a.xml", VOC, (*XML, *GROWING), boxes_of_folder),
        ("yolo/data.yaml", YAML, (), yolo_folder),
        ("yolo/labels/a.txt", TEXT, (), yolo_folder),
    ],
)
def test_whatever_a_file_holds_it_is_read_or_refused_by_name(
    home: Path, name: str, content: str, damages: tuple[Mutator, ...], read: Callable[[Path], None]
):
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name == "yolo/labels/a.txt":
        (home / "yolo" / "data.yaml").write_text(YAML)
    elif name == "yolo/data.yaml":
        (home / "yolo" / "labels").mkdir(exist_ok=True)
        (home / "yolo" / "labels" / "a.txt").write_text(TEXT)
    path.write_text(content)
    read(path)
    for number, damage in enumerate((*ANY_BYTES, *damages)):
        for seed in range(ROUNDS):
            mutation = damage(content.encode(), Random(f"{name} {number} {seed}"))
            path.write_bytes(mutation.content)
            assert path.name in refusal(read, path), f"{mutation.name}, seed {seed}"


def refusal(read: Callable[[Path], None], path: Path) -> str:
    """Return what a reader says against a file; where it says nothing, the file's name."""
    try:
        read(path)
    except WeldonError as error:
        return str(error)
    return path.name
