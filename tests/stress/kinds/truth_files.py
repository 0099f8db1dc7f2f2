"""What is true, for measuring: masks and legends, boxes in VOC XML and YOLO; and the VOC devkit's lists."""

from __future__ import annotations

import csv
import io
import shutil
from typing import Any

from stress.answers import figures
from stress.kind import Kind, Place, nothing, printed
from stress.kinds.labels import TABLE, TEXT, XML, unreadable
from stress.line_damage import LINES, of_lines
from stress.mutation import ANY_BYTES, CHECKSUMMED, Effect, of_bytes
from stress.truth import BOXES, CLASSES, HEIGHT, LABELS, NAMES, SPLITS, WIDTH, picture
from stress.xml_trees import ET

FEW = NAMES[:4]


def _masks(place: Place) -> None:
    shutil.copytree(place.world / "masks", place.files / "masks")


def _val(place: Place) -> list[list[str]]:
    return [["val", str(place.world / "run"), "--masks", str(place.files / "masks"), "--json"]]


def _legend(before: bytes, after: bytes) -> tuple[()] | None:
    """Compare what two legends say by a reader of five lines."""
    try:
        one, two = (_read_legend(content) for content in (before, after))
    except (KeyError, ValueError, TypeError, AttributeError, csv.Error):
        return None
    return () if one == two else None


def _read_legend(content: bytes) -> dict[int, str]:
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return {int(row["index"]): row["class"].strip() for row in rows}


def _voc(place: Place) -> None:
    for name in FEW:
        _write_xml(place.files / "voc" / f"{name[:-4]}.xml", name)


def _write_xml(path: Any, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    objects = "".join(
        f"<object><name>{label}</name><difficult>0</difficult>"
        f"<bndbox><xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin>"
        f"<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>\n"
        for label, (x1, y1, x2, y2) in BOXES[name].items()
    )
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
    path.write_text(f"<annotation><filename>{name}</filename>{size}\n{objects}</annotation>")


def _devkit(place: Place) -> None:
    root = place.files / "VOC2012"
    (root / "JPEGImages").mkdir(parents=True)
    (root / "ImageSets" / "Main").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        picture(number).save(root / "JPEGImages" / f"{name[:-4]}.jpg")
        _write_xml(root / "Annotations" / f"{name[:-4]}.xml", name)
    for split in ("train", "val"):
        stems = [name[:-4] for name in NAMES if SPLITS[name] == split]
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text("".join(f"{stem}\n" for stem in stems))
        for label in CLASSES:
            lines = "".join(f"{stem} {1 if label in LABELS[f'{stem}.png'] else -1:2d}\n" for stem in stems)
            (root / "ImageSets" / "Main" / f"{label}_{split}.txt").write_text(lines)


def _devkit_commands(place: Place) -> list[list[str]]:
    root = str(place.files / "VOC2012")
    return [["check", root, "--json"], ["@devkit", root]]


def _devkit_lines(before: bytes, after: bytes) -> set[str]:
    new = after.decode("utf-8-sig", errors="replace").splitlines()
    return {f"{line.split()[0]}.jpg" for line in before.decode().splitlines() if line not in new}


def _yolo(place: Place) -> None:
    for name in FEW:
        for folder in ("images", "labels"):
            (place.files / "yolo" / folder).mkdir(parents=True, exist_ok=True)
        picture(NAMES.index(name)).save(place.files / "yolo" / "images" / name)
        lines = "".join(
            f"{CLASSES.index(label)} {(x1 + x2) / 2 / WIDTH} {(y1 + y2) / 2 / HEIGHT} "
            f"{(x2 - x1) / WIDTH} {(y2 - y1) / HEIGHT}\n"
            for label, (x1, y1, x2, y2) in BOXES[name].items()
        )
        (place.files / "yolo" / "labels" / f"{name[:-4]}.txt").write_text(lines)
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(CLASSES))
    (place.files / "yolo" / "data.yaml").write_text(f"path: .\ntrain: images\nval: images\nnames:\n{names}")


def aliases(data: bytes, chance: Any) -> bytes:
    grown = "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9))
    return b"a0: &a0 [x]\n" + grown.encode() + data


YAML = (
    *TEXT[:3],
    *(of_lines(damage) for damage in LINES),
    *(of_bytes(aliases, Effect.GARBLED),) * 3,
    *ANY_BYTES,
)


def _read(reader: str, name: str) -> Any:
    return lambda place: [[reader, str(place.files / name)]]


_xml: dict[str, Any] = {"must_fail": unreadable(ET.fromstring)}
KINDS = (
    Kind("masks/png", _masks, "masks/p02.png", _val, CHECKSUMMED, figures, touched=nothing, needs_world=True),
    Kind("masks/legend", _masks, "masks/legend.csv", _val, TABLE, figures, touched=_legend, needs_world=True),
    Kind(
        "voc/xml",
        _voc,
        "voc/p00.xml",
        _read("@annotations", "voc"),
        XML,
        printed,
        touched=lambda b, a: ["p00.png"],
        **_xml,
    ),
    Kind(
        "voc/list",
        _devkit,
        "VOC2012/ImageSets/Main/cat_train.txt",
        _devkit_commands,
        (*TEXT, *map(of_lines, LINES), *ANY_BYTES),
        printed,
        touched=_devkit_lines,
    ),
    Kind(
        "voc/split",
        _devkit,
        "VOC2012/ImageSets/Main/train.txt",
        _devkit_commands,
        (*TEXT, *map(of_lines, LINES), *ANY_BYTES),
        printed,
        touched=_devkit_lines,
    ),
    Kind("yolo/yaml", _yolo, "yolo/data.yaml", _read("@yolo", "yolo"), YAML, printed),
    Kind(
        "yolo/text",
        _yolo,
        "yolo/labels/p00.txt",
        _read("@yolo", "yolo"),
        (*TEXT, *map(of_lines, LINES), *ANY_BYTES),
        printed,
        touched=lambda b, a: ["p00.png"],
    ),
)
