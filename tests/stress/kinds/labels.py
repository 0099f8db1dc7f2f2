"""Label files: tables, lines of JSON, exports of annotation tools; ``weldon check`` and the reader itself."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from stress import line_damage, tree_damage, xml_trees
from stress.kind import Kind, Place, printed
from stress.line_damage import CELLS, LINES, SAME_TABLE, SAME_TEXT, neutral, of_lines, touched_lines
from stress.mutation import ANY_BYTES, Effect, Mutation, Mutator, of_bytes
from stress.tree_damage import differing
from stress.truth import BOXES, CLASSES, HEIGHT, LABELS, NAMES, SPLITS, WIDTH


def csv_text(rows: Iterable[Sequence[Any]], separator: str = ",") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()


def long_table(separator: str = ",") -> bytes:
    rows = [(name, "|".join(sorted(LABELS[name])), SPLITS[name]) for name in NAMES]
    return csv_text([("file_name", "labels", "split"), *rows], separator)


def wide_table() -> bytes:
    rows = [(name, *(int(label in LABELS[name]) for label in CLASSES), SPLITS[name]) for name in NAMES]
    return csv_text([("file_name", *CLASSES, "split"), *rows])


def json_lines() -> bytes:
    rows = [{"file_name": name, "labels": sorted(LABELS[name]), "split": SPLITS[name]} for name in NAMES]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def coco() -> bytes:
    images = [
        {"id": number + 1, "file_name": name, "width": WIDTH, "height": HEIGHT}
        for number, name in enumerate(NAMES)
    ]
    marks = [
        {"image_id": number + 1, "category_id": CLASSES.index(label) + 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}
        for number, name in enumerate(NAMES)
        for label, (x1, y1, x2, y2) in BOXES[name].items()
    ]
    return tree_damage.written(
        {
            "images": images,
            "annotations": [{"id": number + 1, **mark} for number, mark in enumerate(marks)],
            "categories": [{"id": number + 1, "name": name} for number, name in enumerate(CLASSES)],
        }
    )


def _rectangle(label: str, edges: tuple[int, int, int, int]) -> dict[str, Any]:
    x1, y1, x2, y2 = edges
    shares = {"x": 100 * x1 / WIDTH, "y": 100 * y1 / HEIGHT}
    shares |= {"width": 100 * (x2 - x1) / WIDTH, "height": 100 * (y2 - y1) / HEIGHT}
    return {**shares, "rotation": 0, "rectanglelabels": [label]}


def labelstudio() -> bytes:
    return tree_damage.written(
        [
            {
                "id": number + 1,
                "data": {"image": name},
                "annotations": [
                    {
                        "id": number + 1,
                        "result": [
                            {
                                "type": "rectanglelabels",
                                "from_name": "box",
                                "to_name": "image",
                                "original_width": WIDTH,
                                "original_height": HEIGHT,
                                "value": _rectangle(label, edges),
                            }
                            for label, edges in BOXES[name].items()
                        ],
                    }
                ],
            }
            for number, name in enumerate(NAMES)
        ]
    )


def labelstudio_min() -> bytes:
    return tree_damage.written(
        [
            {
                "id": number + 1,
                "image": name,
                "annotator": 1,
                "annotation_id": number + 1,
                "box": [
                    {**_rectangle(label, edges), "original_width": WIDTH, "original_height": HEIGHT}
                    for label, edges in BOXES[name].items()
                ],
            }
            for number, name in enumerate(NAMES)
        ]
    )


def cvat() -> bytes:
    labels = "".join(f"<label><name>{name}</name></label>" for name in CLASSES)
    images = "".join(
        f'<image id="{number}" name="{name}" width="{WIDTH}" height="{HEIGHT}">'
        + "".join(
            f'<box label="{label}" occluded="0" xtl="{x1}" ytl="{y1}" xbr="{x2}" ybr="{y2}"></box>'
            for label, (x1, y1, x2, y2) in BOXES[name].items()
        )
        + "</image>\n"
        for number, name in enumerate(NAMES)
    )
    head = f"<version>1.1</version><meta><task><labels>{labels}</labels></task></meta>"
    return f"<annotations>{head}\n{images}</annotations>".encode()


def _coco_owners(tree: Any, path: tuple[Any, ...]) -> Collection[str] | None:
    if len(path) < 2 or path[0] not in ("images", "annotations"):
        return None
    item = tree[path[0]][path[1]]
    return {NAMES[(item["id"] if path[0] == "images" else item["image_id"]) - 1]}


def _task_owners(tree: Any, path: tuple[Any, ...]) -> Collection[str] | None:
    return {NAMES[path[0]]} if path else None


def _cvat_owners(tree: Any, path: tuple[Any, ...]) -> Collection[str] | None:
    if len(path) < 2 or path[0] != "parts" or path[1] < 2:
        return None
    return {NAMES[path[1] - 2]}


def touched_tree(
    parse: Callable[[bytes], Any], owners: Callable[[Any, tuple[Any, ...]], Collection[str] | None]
) -> Callable[[bytes, bytes], Collection[str] | None]:
    """Return which images' part of a document differs, judged by comparing the two documents."""

    def touched(before: bytes, after: bytes) -> Collection[str] | None:
        tree = parse(before)
        try:
            found = [owners(tree, path) for path in differing(tree, parse(after))]
        except RecursionError:  # nested more deeply than is compared here
            return None
        return (
            None
            if any(names is None for names in found)
            else {name for names in found for name in names or ()}
        )

    return touched


def unreadable(parse: Callable[[bytes], Any]) -> Callable[[bytes], bool]:
    """Return whether a parser of the standard library refuses the bytes."""

    def fails(content: bytes) -> bool:
        try:
            parse(content)
        except (ValueError, RecursionError, SyntaxError, LookupError):
            return True
        return False

    return fails


def _in_the_table(line: str) -> str | None:
    return next((name for name in NAMES if name in line), None)


def _lines_of_json(damage: Mutator) -> Mutator:
    """Return the mutator that does to one line what ``damage`` does to a document."""

    def mutate(data: bytes, chance: Any) -> Mutation:
        lines = data.decode().splitlines()
        at = chance.randrange(len(lines))
        done = damage(lines[at].encode(), chance)
        lines[at] = done.content.replace(b"\n", b" ").decode("utf-8", errors="surrogatepass")
        content = "".join(f"{line}\n" for line in lines).encode("utf-8", errors="surrogatepass")
        return Mutation(f"line {at + 1}: {done.name}", content, done.effect)

    return mutate


def _touched_json_lines(before: bytes, after: bytes) -> set[str]:
    new = set(after.decode("utf-8-sig", errors="replace").splitlines())
    lost = [line for line in before.decode().splitlines() if line not in new]
    return {name for line in lost if (name := _in_the_table(line)) is not None}


TEXT = tuple(map(neutral, SAME_TEXT))
ROWS = tuple(map(neutral, SAME_TABLE))
TABLE = (*TEXT, *ROWS, *(of_lines(damage) for damage in (*LINES, *CELLS)), *ANY_BYTES)
TREE = tree_damage.mutators(json.loads, tree_damage.written)
JSON = (neutral(tree_damage.shuffled_keys, {"shuffled_keys"}), *TREE, *TREE, *TEXT[:4], *ANY_BYTES)
XML = (
    *(tree_damage.mutators(xml_trees.parse, xml_trees.write, xml_trees.leaves_nothing) * 2),
    *(of_bytes(damage, Effect.GARBLED) for damage in (xml_trees.laughs, xml_trees.outside_entity)),
    *TEXT[:3],
    *ANY_BYTES,
)
JSON_LINES = (
    *(_lines_of_json(damage) for damage in TREE),
    *TEXT,
    neutral(line_damage.shuffled_rows),
    *map(of_lines, LINES),
    *ANY_BYTES,
)


def label_kind(name: str, file: str, content: bytes, mutators: Sequence[Mutator], **options: Any) -> Kind:
    """Return a kind of label file, checked by the verb and read by the interface."""

    def commands(place: Place) -> list[list[str]]:
        pictures, labels = str(place.world / "pictures"), str(place.files / file)
        return [["check", pictures, "--labels", labels, "--json"], ["@records", pictures, labels]]

    return Kind(
        name, lambda place: _write(place, file, content), file, commands, mutators, printed, **options
    )


def _write(place: Place, file: str, content: bytes) -> None:
    (place.files / PurePosixPath(file)).write_bytes(content)


def _rows(before: bytes, after: bytes) -> set[str] | None:
    return touched_lines(before, after, _in_the_table)


_json = {"must_fail": unreadable(json.loads)}
_xml = {"touched": touched_tree(xml_trees.parse, _cvat_owners), "must_fail": unreadable(ET.fromstring)}
KINDS = (
    label_kind("labels/long", "labels.csv", long_table(), TABLE, touched=_rows),
    label_kind("labels/wide", "labels.csv", wide_table(), TABLE, touched=_rows),
    label_kind("labels/tabs", "labels.tsv", long_table("\t"), TABLE, touched=_rows),
    label_kind("labels/jsonl", "metadata.jsonl", json_lines(), JSON_LINES, touched=_touched_json_lines),
    label_kind(
        "labels/coco", "coco.json", coco(), JSON, touched=touched_tree(json.loads, _coco_owners), **_json
    ),
    label_kind(
        "labels/labelstudio",
        "tasks.json",
        labelstudio(),
        JSON,
        touched=touched_tree(json.loads, _task_owners),
        **_json,
    ),
    label_kind(
        "labels/labelstudio-min",
        "min.json",
        labelstudio_min(),
        JSON,
        touched=touched_tree(json.loads, _task_owners),
        **_json,
    ),
    label_kind("labels/cvat", "annotations.xml", cvat(), XML, **_xml),
)
