"""Text tables as tools and countries write them give the same instances; other cells are named by row."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from weldon.data.bags import instance_csv as bag_csv
from weldon.data.bags.instance_csv import read_csv_instances
from weldon.errors import DataError

PLAIN = "bag,u,v\ns1,-0.25,1\ns1,1.5,2\ns2,3,4.75\n"
VALUES = [[-0.25, 1], [1.5, 2], [3, 4.75]]


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "b.csv"
    path.write_bytes(text.encode(encoding))
    return read_csv_instances(path)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (PLAIN, "utf-8-sig"),
        (PLAIN, "utf-16"),
        (PLAIN.replace("\n", "\r\n"), "utf-8"),
        (PLAIN.replace("\n", "\r"), "utf-8"),
        (PLAIN.replace(",", ";"), "utf-8"),
        (PLAIN.replace(",", ";").replace(".", ","), "utf-8"),
        ("sep=;\n" + PLAIN.replace(",", ";").replace(".", ","), "utf-8"),
        (PLAIN.replace(",", "\t"), "utf-8"),
        ("\n,,\n" + PLAIN + ",,\n\n", "utf-8"),
        (PLAIN.replace("bag", "Slide_ID"), "utf-8"),
        (PLAIN.replace(",", " , "), "utf-8"),
        (PLAIN.replace("s1,1.5", '"s1","1.5"'), "utf-8"),
    ],
)
def test_one_table_in_many_spellings_is_one_table(tmp_path, text, encoding):
    found = read(tmp_path, text, encoding)
    assert found.values.tolist() == VALUES
    assert (found.names, found.ids.tolist()) == (("u", "v"), ["s1", "s1", "s2"])


def test_windows_text_and_decimal_commas_are_said(tmp_path):
    found = read(tmp_path, "bag;größe\nx;1,5\n", "cp1252")
    assert found.names == ("größe",)
    assert ["Windows-1252" in found.notes[0], "commas" in found.notes[1]] == [True, True]


def test_reading_row_by_row_gives_what_reading_at_once_gives(tmp_path, monkeypatch):
    rows = np.random.default_rng(0).normal(size=(50, 3))
    text = "bag,instance,u,v,w\n" + "".join(
        f"s{n % 7},p{n},{a!r},{b:.3e},{c}\n" for n, (a, b, c) in enumerate(rows.tolist())
    )
    at_once = read(tmp_path, text)
    monkeypatch.setattr(bag_csv, "_read_at_once", lambda *_, **__: None)
    by_row = read(tmp_path, text)
    np.testing.assert_array_equal(at_once.values, by_row.values)
    assert at_once.ids.tolist() == by_row.ids.tolist()
    assert at_once.instances.tolist() == by_row.instances.tolist()


@pytest.mark.parametrize(
    ("index", "kept"),
    [
        ("{n}", False),  # 0, 1, 2
        ("{n}0", False),  # a part of a longer table
        ("r{n}", False),  # names of rows
        ("{n}.5", True),
    ],
)
def test_an_index_column_is_no_feature_but_a_column_of_fractions_is(tmp_path, index, kept):
    lines = PLAIN.splitlines()
    text = "\n".join(
        [f"{lines[0]},index", *(f"{line},{index.format(n=n)}" for n, line in enumerate(lines[1:]))]
    )
    found = read(tmp_path, text)
    assert ("index" in found.names) is kept
    assert bool(found.notes) is not kept
    assert found.values[:, :2].tolist() == VALUES


def test_a_first_column_without_a_name_is_left_out_and_said(tmp_path):
    lines = PLAIN.splitlines()
    text = "\n".join([f",{lines[0]}", *(f"{n},{line}" for n, line in enumerate(lines[1:]))])
    found = read(tmp_path, text)
    assert found.names == ("u", "v")
    assert "without a name" in found.notes[0]
    with pytest.raises(DataError, match=r"b\.csv: column 1 has no name"):
        read(tmp_path, text.replace("\n0,", "\n0.5,"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bag,u,stain\nx,1,HE\ny,2,HE\n", r"row 2, column 'stain': 'HE' is no number \(2 such cells\)"),
        ("bag,u\nx,1\n\ny,nan\n", r"row 4, column 'u': not a finite number"),
        ("bag,u\nx,1\ny,1e300\n", r"row 3, column 'u': not a finite number"),
        ("bag,u\nx,1\ny,1_000\n", r"row 3, column 'u': '1_000' is no number"),
        ("bag,u\nx,1\ny,2,3\n", r"row 3: 3 cells, but the header has 2 columns"),
        ("bag,u\nx,1,2\ny,2,3\n", r"row 2: 3 cells, but the header has 2 columns"),
        ("bag,u,v\nx,1,2\ny,1\n", r"row 3, column 'v': '' is no number"),
        ("bag;u;v\nx;1,5;2.5\n", r"row 2, column 'u': '1,5' is no number"),
        ('bag,u,instance\nx,1,"a\nx,2,b\n', r"b\.csv as a table"),
        ("bag,u\n" + "\n", "no row"),
        ("\n\n", "is empty"),
        ("patient,u\nx,1\n", r"no column that names the bag of each row.*'patient'"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_row(tmp_path, text, words):
    with pytest.raises(DataError, match=words) as error:
        read(tmp_path, text)
    assert "b.csv" in str(error.value)


def test_the_longest_cell_of_other_tables_stays_what_it_was(tmp_path, monkeypatch):
    before = csv.field_size_limit()
    monkeypatch.setattr(bag_csv, "_read_at_once", lambda *_, **__: None)
    assert read(tmp_path, PLAIN).values.tolist() == VALUES
    assert csv.field_size_limit() == before
