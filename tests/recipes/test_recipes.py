"""The recipes: all load, all are named and headed alike, and the paper's numbers are the paper's."""

from __future__ import annotations

import pytest

from weldon.recipes import list_tables, load_table
from weldon.recipes.toml import HOME

TABLES = list_tables()
ROWS = [(name, row.name) for name in TABLES for row in load_table(name).rows]
PAPERS = "fig6 table4 table5 table6 table7 table8 table10 table11"
VOC2007 = "fig6 table4 table7 table8 table10"
ANIMALS = "fig6 table4 table7 table8 table10 table11 backbones"

# Durand, Thome and Cord, "Exploiting Negative Evidence for Deep Latent Structured Models", tables as named.
PAPER = {
    "table4": {  # VOC07, VOC12, COCO, mAP
        "resnet101": {"voc2007": 89.8, "voc2012": 89.2, "coco2014": 72.5},
        "max": {"voc2007": 92.0, "voc2012": 90.9, "coco2014": 78.9},
        "weldon": {"voc2007": 95.0, "voc2012": 93.4, "coco2014": 80.7},
        "weldon-vgg16": {"voc2007": 90.2, "coco2014": 68.8},
        "pronet": {"voc2012": 89.3, "coco2014": 70.9},
        "deepmil": {"voc2012": 86.3, "coco2014": 62.8},
        "mantra": {"voc2007": 85.8},
    },
    "table5": {
        "resnet101": {"cub200": 72.5, "mit67": 78.0, "voc2012-action": 77.9},
        "max": {"cub200": 76.1, "mit67": 68.3, "voc2012-action": 79.9},
        "gap": {"cub200": 82.7, "mit67": 85.3, "voc2012-action": 85.5},
        "weldon": {"cub200": 85.6, "mit67": 84.0, "voc2012-action": 86.4},
    },
    "table6": {
        "resnet101": {"top1": 22.44, "top5": 6.21},
        "resnet101-ten-crops": {"top1": 21.08, "top5": 5.35},
        "weldon": {"top1": 19.21, "top5": 4.23},
    },
    "table7": {
        "max": {"voc2007": 86.8, "voc2012-action": 71.8, "mit67": 62.4, "cub200": 66.0},
        "fine-tuned": {"voc2007": 91.3, "voc2012-action": 77.9, "mit67": 65.4, "cub200": 72.8},
        "k": {"voc2007": 91.7, "voc2012-action": 82.1, "mit67": 72.2, "cub200": 78.9},
        "min": {"voc2007": 92.2, "voc2012-action": 82.4, "mit67": 69.6, "cub200": 78.2},
        "all": {"voc2007": 93.7, "voc2012-action": 85.4, "mit67": 77.2, "cub200": 82.4},
    },
    "table8": {
        "max-logistic": {"voc2007": 86.8, "voc2012-action": 71.8, "coco2014": 77.4},
        "max-ap": {"voc2007": 87.9, "voc2012-action": 73.3, "coco2014": 77.9},
        "mantra-logistic": {"voc2007": 89.9, "voc2012-action": 78.5, "coco2014": 77.7},
        "mantra-ap": {"voc2007": 91.2, "voc2012-action": 80.7, "coco2014": 78.7},
    },
    "table10": {
        "deepmil": {"voc2012-val": 74.5, "coco2014": 41.2},
        "pronet": {"voc2012-val": 77.7, "coco2014": 46.4},
        "max": {"voc2012-val": 80.2, "coco2014": 50.6},
        "weldon": {"voc2012-val": 81.5, "coco2014": 51.7},
    },
    "table11": {"weldon": {"crf": 42.1}},
}
PUBLISHED = {
    "table4": {"Return of the Devil": {"voc2007": 82.4}, "VGG16": {"voc2007": 89.3, "voc2012": 89.0}}
    | {"RRSVM": {"voc2007": 92.9}, "SPLeaP": {"voc2007": 88.0}},
    "table6": {"ResNet-200": {"top1": 20.15, "top5": 4.93}},
    "table10": {"WSLocalization": {"voc2012-val": 79.7, "coco2014": 49.2}},
    "table11": {"MIL-FCN": {"crf": 24.9}, "MIL-Base": {"crf": 36.6}, "EM-Adapt": {"crf": 33.8}}
    | {"CCNN": {"crf": 35.3}, "SEC": {"crf": 50.7}},
}


def test_every_table_is_listed_the_papers_first():
    voc2007 = [f"voc2007-{name}" for name in VOC2007.split()]
    assert PAPERS.split() + voc2007 + [f"animals-{name}" for name in ANIMALS.split()] == TABLES


@pytest.mark.parametrize("name", TABLES)
def test_every_file_of_a_table_is_a_row_of_it(name: str):
    files = {path.stem for path in (HOME / name).glob("*.toml")} - {"table"}
    assert files == {row.name for row in load_table(name).rows}


@pytest.mark.parametrize("name", TABLES)
def test_numbers_of_the_paper_stand_in_columns_of_the_table(name: str):
    table = load_table(name)
    keys = {column.key for column in table.columns}
    assert len(keys) == len(table.columns)
    assert all(row.paper.keys() <= keys for row in (*table.rows, *table.published))


@pytest.mark.parametrize("name", PAPER)
def test_rows_give_the_papers_numbers(name: str):
    assert {row.name: row.paper for row in load_table(name).rows if row.paper} == PAPER[name]


@pytest.mark.parametrize("name", TABLES)
def test_rows_of_others_give_the_papers_numbers(name: str):
    if not name.startswith(("animals", "voc2007-")):
        found = {row.title: row.paper for row in load_table(name).published}
        assert found == PUBLISHED.get(name, {})


@pytest.mark.parametrize("name", ["table4", "table7", "table8", "table10"])
def test_rows_on_voc_2007_stand_beside_the_same_numbers(name: str):
    theirs = [row.paper.items() for row in (*load_table(name).rows, *load_table(name).published)]
    here = load_table(f"voc2007-{name}")
    assert all(any(row.paper.items() <= other for other in theirs) for row in (*here.rows, *here.published))


@pytest.mark.parametrize("name", ["table7", "table8", "table10"])
def test_rows_on_other_photographs_stand_beside_the_same_numbers(name: str):
    theirs = {tuple(sorted(row.paper.items())) for row in load_table(name).rows}
    here = {tuple(sorted(row.paper.items())) for row in load_table(f"animals-{name}").rows if row.paper}
    published = {tuple(sorted(row.paper.items())) for row in load_table(f"animals-{name}").published}
    assert here <= theirs
    assert published <= theirs | {tuple(sorted(row.paper.items())) for row in load_table(name).published}


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_a_recipe_opens_with_row_number_command_hardware_and_measured_figure(table: str, row: str):
    lines = (HOME / table / f"{row}.toml").read_text(encoding="utf-8").splitlines()
    title = next(found.title for found in load_table(table).rows if found.name == row)
    assert lines[0] == f"# {load_table(table).title}; row: {title}."
    assert [line.split(":")[0] for line in lines[1:5]] == [
        "# Paper",
        "# Command",
        "# Hardware and time (estimates)",
        "# Measured",
    ]
    assert lines[2] == f"# Command: weldon reproduce {table} --rows {row}"
