"""A table is read with its rows in order; columns belong to the data set that they measure."""

from __future__ import annotations

import pytest

from weldon.errors import UsageError
from weldon.evaluation.measures.registry import measure_flags, recipe_figures
from weldon.recipes import list_tables, load_sources, load_table


def test_an_unknown_table_or_row_lists_what_there_is():
    with pytest.raises(UsageError, match="table must be one of fig6, table4"):
        load_table("table12")
    with pytest.raises(UsageError, match="rows of table7 are max, fine-tuned, k, min, all; got low"):
        load_table("table7").chosen(("all", "low"))


def test_rows_are_chosen_in_the_order_asked_for_and_all_without_asking():
    table = load_table("table7")
    assert [row.name for row in table.chosen(("all", "max"))] == ["all", "max"]
    assert table.chosen(None) == table.rows


def test_columns_are_those_of_a_data_set():
    table = load_table("table8")
    assert [column.key for column in table.columns_of(load_sources()["voc2007"])] == ["voc2007"]
    assert [source.name for source in table.sources] == list(dict.fromkeys(c.data for c in table.columns))


def test_the_papers_tables_come_before_those_on_other_photographs():
    names = list_tables()
    assert names[:3] == ["fig6", "table4", "table5"]
    other = [name.startswith("animals") for name in names]
    assert other == sorted(other)


@pytest.mark.parametrize("name", list_tables())
def test_every_column_can_be_measured_with_the_truth_of_its_data(name):
    table = load_table(name)
    sources = {source.name: source for source in table.sources}
    for column in table.columns:
        listed = recipe_figures()[column.figure]
        truth = {flag.name for flag in listed.flags} & {"boxes", "masks"}
        if column.data is not None:
            source = sources[column.data]
            own = source.dataset is not None  # VOC and COCO bring boxes of their own
            assert truth <= source.truth.keys() | ({"boxes"} if own else set()), column.key


def test_the_columns_of_a_data_set_are_those_that_name_it():
    table = load_table("animals-table11")
    (source,) = table.sources
    measured = table.columns_of(source)
    assert [(column.figure, column.flags) for column in measured] == [
        ("miou", {}),
        ("miou_crf", {}),
        ("miou", {"known_labels": True}),
        ("pxap", {}),
    ]


def test_truth_and_tuning_are_named_by_flags_that_exist():
    for name in list_tables():
        for source in load_table(name).sources:
            assert source.truth.keys() <= measure_flags().keys()
            assert source.tuning.keys() <= source.truth.keys()
