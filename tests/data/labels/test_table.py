"""Long and wide tables, as people and spreadsheets write them."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from fixtures.workbooks import Failed, Formula, write_ods, write_xlsx
from weldon.data.labels import read_labels
from weldon.data.record import LabelSet
from weldon.errors import DataError, UsageError


def labels_of(found: LabelSet) -> list[list[str]]:
    return [sorted(record.labels) for record in found.records]


def problems(table: Path, **options) -> str:
    with pytest.raises(DataError) as caught:
        read_labels(table.parent, table, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "column", ["file_name", "filename", "image", "image_path", "path", "File Name", "FILENAME"]
)
@pytest.mark.parametrize("labels", ["labels", "label", "tags", "Tags"])
def test_long_form_by_any_accepted_column_name(table, tmp_path, column, labels):
    found = read_labels(tmp_path, table(f"{column},{labels}\na.png,cat|dog\nb.png,cat\nc.png,\n"))
    assert found.form == "long"
    assert found.classes == ("cat", "dog")
    assert labels_of(found) == [["cat", "dog"], ["cat"], []]
    assert any("1 of 3 images have no label" in note for note in found.notes)


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ('"cat,dog"', {}),
        ("cat|dog", {}),
        ("cat | dog|", {}),
        ("cat;dog", {}),
        ("cat+dog", {"label_sep": "+"}),
        ("\"['cat', 'dog']\"", {}),
        ('"[""cat"", ""dog""]"', {}),
    ],
)
def test_labels_in_a_cell_are_told_apart(table, tmp_path, cell, options):
    found = read_labels(tmp_path, table(f"file_name,labels\na.png,{cell}\n"), **options)
    assert labels_of(found) == [["cat", "dog"]]


def test_a_blank_in_a_column_that_gives_each_image_one_label_says_nothing(table, tmp_path):
    found = read_labels(tmp_path, table("file_name,Label\na.png,cat\nb.png,dog\nc.png,\n"))
    assert labels_of(found) == [["cat"], ["dog"]]
    assert [note for note in found.notes if "blank" in note] == [
        "a blank cell of the column 'Label' is no label, since each image has one there; "
        "write [] where no class is present",
        "1 of 3 images are left out, since nothing says what they show: labels.csv row 4 (blank)",
    ]
    assert not any("nan, NA" in note or "have no label" in note for note in found.notes)
    empty = read_labels(tmp_path, table("file_name,label\na.png,cat\nb.png,dog\nc.png,[]\n"))
    assert labels_of(empty) == [["cat"], ["dog"], []]
    assert labels_of(read_labels(tmp_path, table("file_name,labels\na.png,cat\nb.png,\n"))) == [["cat"], []]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("File,labels", "nearest is 'File'"),
        ("image name,labels", "nearest is 'image name'"),
        ("labels,img", "nearest is 'img'"),
        ("file_name,Lable", "column 'Lable' holds words, such as 'cat'"),
    ],
)
def test_a_column_that_is_called_nearly_right_is_named_in_one_line(table, header, words):
    cells = ("cat,a.png", "dog,b.png") if header.startswith("labels") else ("a.png,cat", "b.png,dog")
    said = problems(table("\n".join([header, *cells]) + "\n"))
    assert said.count(words) == 1
    assert len(said.splitlines()) == (2 if "Lable" in header else 1)  # a list of problems has a line above


def test_a_split_that_is_called_nearly_so_is_doubted(table, tmp_path):
    found = read_labels(tmp_path, table("file_name,labels,splt\na.png,cat,train\nb.png,dog,val\n"))
    assert "columns that are not used: splt (if it is the split, call it split)" in found.notes
    wide = problems(table("file_name,cat,dog,Splits\na.png,1,0,train\nb.png,0,1,val\n"))
    assert "if they are the split, name the column 'split'" in wide


def test_a_comma_in_a_name_survives_where_bars_separate(table, tmp_path):
    found = read_labels(tmp_path, table('file_name,labels\na.png,"cup, paper|dog"\nb.png,"cup, paper"\n'))
    assert found.classes == ("cup, paper", "dog")


def test_a_column_of_words_is_one_problem_that_says_what_to_call_it(table):
    told = problems(table("File name,Species\n" + "".join(f"{n}.png,dog\n" for n in range(50))))
    assert "column 'Species' holds words, such as 'dog'" in told
    assert "name the column 'labels'" in told
    assert told.count("Species") == 1


def test_a_word_among_marks_is_named_by_its_row(table):
    told = problems(table("file_name,cat\na.png,1\nb.png,perhaps\n"))
    assert "row 3, column 'cat': 'perhaps' is none of 1/0" in told


def test_numbers_as_class_names_stay_names(table, tmp_path):
    found = read_labels(tmp_path, table("file_name,label\na.png,0\nb.png,1\nc.png,01\n"))
    assert found.classes == ("0", "01", "1")


def test_wide_form_keeps_the_order_of_the_columns(table, tmp_path):
    text = "file_name,zebra,ant,bee\na.png,1,0,\nb.png,TRUE,?,yes\nc.png,no,1.0,false\n"
    found = read_labels(tmp_path, table(text))
    assert found.form == "wide"
    assert found.classes == ("zebra", "ant", "bee")
    assert labels_of(found) == [["zebra"], ["bee", "zebra"], ["ant"]]
    assert [sorted(record.unknown) for record in found.records] == [["bee"], ["ant"], []]


def test_numeric_column_names_are_classes(table, tmp_path):
    assert read_labels(tmp_path, table("path,0,1\na.png,1,0\nb.png,0,1\n")).classes == ("0", "1")


@pytest.mark.parametrize(
    ("meaning", "labels", "unknown"), [("absent", [], []), ("unknown", [], ["y"]), ("present", ["y"], [])]
)
def test_minus_one_means_what_the_user_says(table, tmp_path, meaning, labels, unknown):
    found = read_labels(tmp_path, table("file_name,x,y\na.png,1,-1\nb.png,1,1\n"), minus_one=meaning)
    assert sorted(found.records[0].labels - {"x"}) == labels
    assert sorted(found.records[0].unknown) == unknown


def test_minus_one_is_never_guessed(table):
    message = problems(table("file_name,x,y\na.png,1,-1\nb.png,1,1\n"))
    assert "labels.csv row 2, column 'y'" in message
    assert "--minus-one absent, unknown or present" in message


def test_minus_one_refuses_other_words(table, tmp_path):
    with pytest.raises(UsageError, match="absent, unknown, present, got 'maybe'"):
        read_labels(tmp_path, table("file_name,x\na.png,-1\n"), minus_one="maybe")


def test_optional_columns_are_read_and_are_no_classes(table, tmp_path):
    text = "file_name,cat,split,group,weight\na.png,1,train,p1,2\nb.png,1,VALIDATION,p2,\nc.png,0,test,,0.5\n"
    found = read_labels(tmp_path, table(text))
    assert found.classes == ("cat",)
    assert [record.split for record in found.records] == ["train", "val", "test"]
    assert [record.group for record in found.records] == ["p1", "p2", None]
    assert [record.weight for record in found.records] == [2.0, 1.0, 0.5]


def test_another_column_can_hold_the_groups(table, tmp_path):
    found = read_labels(
        tmp_path, table("file_name,cat,patient\na.png,1,p1\nb.png,0,p2\n"), group_col="patient"
    )
    assert found.classes == ("cat",)
    assert [record.group for record in found.records] == ["p1", "p2"]


def test_an_unknown_group_column_names_those_there(table):
    message = problems(table("file_name,cat\na.png,1\n"), group_col="patient")
    assert "no column 'patient'" in message
    assert "file_name, cat" in message


def test_every_problem_is_listed_at_once(table):
    text = (
        "file_name,cat,dog,split,weight\n"
        "a.png,1,maybe,train,1\n"
        "zebra.png,1,0,train,1\n"
        "b.png,1,-1,fold3,1\n"
        "c.png,0,1,train,heavy\n"
        "a.png,0,0,train,1\n"
        ",0,1,train,1\n"
    )
    message = problems(table(text))
    for part in (
        "row 2, column 'dog': 'maybe'",
        "row 3: no file 'zebra.png'",
        "row 4, column 'dog': -1",
        "row 4: split 'fold3'",
        "row 5: weight 'heavy'",
        "row 6: 'a.png' contradicts labels.csv row 2: labels (none) here, cat there",
        "row 7: no file name",
    ):
        assert part in message, message


def test_equal_duplicates_are_one_image(table, tmp_path):
    found = read_labels(tmp_path, table("file_name,labels\na.png,cat\n./a.png,cat\n"))
    assert len(found.records) == 1


def test_an_image_in_two_splits_is_a_contradiction(table):
    message = problems(table("file_name,labels,split\na.png,cat,train\na.png,cat,val\n"))
    assert "split 'val' here, 'train' there" in message


def test_a_class_that_only_validation_shows_is_refused(table):
    message = problems(table("file_name,labels,split\na.png,cat,train\nb.png,dog,val\n"))
    assert "row 3: 'b.png' has the label 'dog', a class that no training image shows" in message


def test_a_column_without_any_positive_is_refused(table):
    assert "class 'dog' has no training image" in problems(table("file_name,cat,dog\na.png,1,0\nb.png,1,?\n"))


def test_rows_without_a_split_among_others_are_named(table):
    assert "row 3: no split" in problems(table("file_name,labels,split\na.png,cat,train\nb.png,cat,\n"))


def test_a_question_mark_is_no_class(table):
    assert "row 3: '?' is no class" in problems(table("file_name,labels\na.png,cat\nb.png,?\n"))


def test_nothing_to_learn_is_said(table):
    assert "nothing to learn" in problems(table("file_name,labels\na.png,\nb.png,\n"))
    assert "nothing to learn" in problems(table("file_name,labels\n"))


def test_no_label_column_at_all_says_what_to_add(table):
    assert "add a column `labels`" in problems(table("file_name,split\na.png,train\n"))
    assert "call it file_name" in problems(table("name,cat\na.png,1\n"))


def test_a_misspelt_file_gets_the_near_one(table):
    message = problems(table("file_name,labels\nA.PNG,cat\nb.jpg,cat\n"))
    assert "row 2: no file 'A.PNG'" in message
    assert "there is 'a.png'" in message
    assert "there is 'b.png'" in message


def test_images_are_found_beside_the_table_then_in_data_then_in_images(tmp_path, photograph):
    for name in ("here/one.png", "data/two.png", "data/images/three.png", "data/one.png"):
        photograph(name)
    table = tmp_path / "here" / "mine.csv"
    table.write_text("file_name,labels\none.png,cat\ntwo.png,cat\nthree.png,cat\n")
    found = read_labels(tmp_path / "data", table)
    assert [str(record.path.relative_to(tmp_path)) for record in found.records] == [
        "here/one.png",
        "data/two.png",
        "data/images/three.png",
    ]


def test_absolute_paths_and_backslashes_are_found(tmp_path, photograph):
    photograph("sub/one.png")
    two = photograph("two.png")
    (tmp_path / "labels.csv").write_text(f"file_name,labels\nsub\\one.png,cat\n{two},cat\n")
    assert len(read_labels(tmp_path).records) == 2


def test_names_decomposed_by_a_mac_are_found(tmp_path, photograph):
    photograph("cafe\u0301.png")
    (tmp_path / "labels.csv").write_text("file_name,labels\ncaf\u00e9.png,cat\n")
    assert len(read_labels(tmp_path).records) == 1


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_spreadsheet_dialects_read_alike(table, tmp_path, newline, separator, encoding):
    lines = ["file_name,Löwe,Maus", "a.png,1,0", "b.png,0,1", ""]
    text = newline.join(line.replace(",", separator) for line in lines)
    found = read_labels(tmp_path, table(text, encoding=encoding))
    assert found.classes == ("Löwe", "Maus")
    assert labels_of(found) == [["Löwe"], ["Maus"]]
    assert any("Windows-1252" in note for note in found.notes) == (encoding == "cp1252")


def test_the_separator_line_of_excel_is_no_row(table, tmp_path):
    found = read_labels(tmp_path, table("sep=;\nfile_name;labels\na.png;cat\n"))
    assert found.classes == ("cat",)
    assert "labels.csv row 4" in problems(table("sep=;\nfile_name;cat\na.png;1\nb.png;x\n"))


def test_blank_lines_index_columns_and_short_rows_of_excel_read(table, tmp_path):
    text = ",file_name,cat,dog,,\n0,a.png,1,0,,\n\n,,,,,\n1,b.png,0,1\n2,c.png,1\n"
    found = read_labels(tmp_path, table(text))
    assert found.classes == ("cat", "dog")
    assert [sorted(record.unknown) for record in found.records] == [[], [], ["dog"]]


def test_rows_are_counted_as_the_spreadsheet_does(table):
    assert "labels.csv row 5" in problems(table('file_name,cat\n\n"a.png","1"\n\nb.png,x\n'))


def test_unquoted_labels_that_spill_into_more_cells_are_a_problem(table):
    message = problems(table("file_name,labels\na.png,cat,dog\nb.png,cat\n"))
    assert "row 2: 3 cells, but the header has 2" in message
    assert "double quotes" in message


def test_a_column_twice_is_a_problem(table):
    assert "'cat' is there more than once" in problems(table("file_name,cat,cat\na.png,1,0\n"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n \n", "is empty"),
        (b"PK\x03\x04rest of a workbook", "CSV UTF-8"),
        (b"file_name,cat\na.png,\x00\n", "zero bytes"),
        (b"file_name,cat\na\x81.png,1\n", "neither UTF-8, UTF-16 nor Windows-1252"),
    ],
)
def test_what_is_no_table_is_refused_clearly(tmp_path, content, words):
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_labels(tmp_path)


def test_columns_that_are_not_used_are_named(table, tmp_path):
    found = read_labels(tmp_path, table("file_name,labels,photographer\na.png,cat,Bo\n"))
    assert "columns that are not used: photographer" in found.notes


def test_under_a_model_its_classes_and_order_count(table, tmp_path):
    long = table("file_name,labels\na.png,cat\nb.png,\n")
    assert read_labels(tmp_path, long, classes=("dog", "cat")).classes == ("dog", "cat")
    assert "none of the model's classes" in problems(long, classes=("dog",))
    wide = read_labels(tmp_path, table("file_name,cat\na.png,0\nb.png,0\n"), classes=("dog", "cat"))
    assert wide.classes == ("dog", "cat")
    assert all(record.unknown == {"dog"} for record in wide.records)


@pytest.mark.parametrize("cell", ["nan", "NaN", "None", "NULL", "N/A", "<NA>"])
def test_what_programs_write_for_nothing_is_unknown_and_no_class(table, tmp_path, cell):
    found = read_labels(tmp_path, table(f"file_name,labels\na.png,cat\nb.png,{cell}\nc.png,dog\n"))
    assert found.classes == ("cat", "dog")
    assert [record.file_name for record in found.records] == ["a.png", "c.png"]
    said = f"1 of 3 images are left out, since nothing says what they show: labels.csv row 3 ({cell})"
    assert said in found.notes
    assert f"row 2: {cell!r} is no class" in problems(table(f"file_name,labels\na.png,cat|{cell}\n"))


def test_a_list_that_is_not_understood_is_named_by_row_and_never_a_class(table):
    found = problems(table('file_name,labels\na.png,cat\nb.png,"[""cat"", null]"\nc.png,"{\'cat\': 1}"\n'))
    assert "row 3: the labels" in found
    assert "null in it is no name" in found
    assert "row 4: the labels" in found


def test_lists_of_numpy_are_told_apart(table, tmp_path):
    found = read_labels(tmp_path, table("file_name,labels\na.png,['cat' 'dog']\nb.png,['cat']\nc.png,[]\n"))
    assert labels_of(found) == [["cat", "dog"], ["cat"], []]


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_a_column_without_a_name_that_counts_rows_is_no_class(table, tmp_path, name):
    found = read_labels(tmp_path, table(f"{name},file_name,cat\n0,a.png,1\n1,b.png,0\n"))
    assert found.classes == ("cat",)
    assert any("it counts rows" in note for note in found.notes)


@pytest.mark.parametrize(
    "text",
    [
        "file_name,cat,\na.png,1,1\nb.png,0,0\n",
        ",file_name,cat\n1,a.png,1\n0,b.png,0\n1,c.png,0\n",
        "file_name,cat,Unnamed: 2\na.png,1,yes\nb.png,0,no\n",
        "file_name,labels,\na.png,cat,dog\nb.png,cat,\n",
    ],
)
def test_a_column_without_a_name_that_may_hold_labels_is_refused(table, text):
    assert "has no name and holds" in problems(table(text))


@pytest.mark.parametrize("name", ["a\tb", "\u200b", "x\x07"])
def test_a_class_that_cannot_be_shown_is_refused(table, name):
    assert "correct the name" in problems(table(f'file_name,"{name}",dog\na.png,1,0\nb.png,0,1\n'))
    assert "correct the name" in problems(table(f'file_name,labels\na.png,"b{name}b\x07"\n'))


def test_a_second_column_of_names_is_said_not_to_be_used(table, tmp_path):
    found = read_labels(tmp_path, table("file_name,path,cat\na.png,x,1\nb.png,y,0\n"))
    assert "columns that are not used: path" in found.notes


def test_a_column_of_names_may_be_called_as_hugging_face_does(table, tmp_path):
    assert len(read_labels(tmp_path, table("image_file_name,labels\na.png,cat\n")).records) == 1
    assert "no column of image files" in problems(
        table("left_file_name,right_file_name,labels\na.png,b.png,c\n")
    )


def test_two_separators_in_one_table_are_said(table, tmp_path):
    found = read_labels(tmp_path, table("file_name,labels\na.png,cat|dog\nb.png,cat;dog\n"))
    assert any("'cat;dog'" in note and "one name" in note for note in found.notes)


def test_under_a_model_another_spelling_of_its_class_is_shown(table):
    found = problems(table("file_name,labels\na.png,cafe\u0301\n"), classes=("caf\u00e9", "dog"))
    assert r"none of the model's classes; there is 'caf\xe9'" in found


WIDE = [["file_name", "cat", "dog"], ["a.png", 1, 0], ["b.png", None, True], ["c.png", 0, "?"]]


@pytest.fixture
def workbook(tmp_path, photograph):
    """Write a workbook and the pictures ``a.png`` to ``d.png`` beside it, and return its path."""
    pytest.importorskip("python_calamine")
    for letter in "abcd":
        photograph(f"{letter}.png")

    def write(rows, name="labels.xlsx", **how):
        return (write_ods if name.endswith("ods") else write_xlsx)(tmp_path / name, {"mine": rows}, **how)

    return write


@pytest.mark.parametrize("name", ["labels.xlsx", "labels.ods", "labels.xlsm"])
@pytest.mark.parametrize("named", [True, False])
def test_a_workbook_says_what_its_text_says(workbook, tmp_path, name, named):
    path = workbook(WIDE, name)
    found = read_labels(tmp_path, path if named else None)
    assert (found.form, found.classes) == ("wide", ("cat", "dog"))
    assert labels_of(found) == [["cat"], ["dog"], []]
    assert [sorted(record.unknown) for record in found.records] == [[], ["cat"], ["dog"]]


def test_a_table_of_text_beside_the_workbook_goes_before(workbook, table, tmp_path):
    workbook(WIDE)
    table("file_name,labels\na.png,hen\n")
    assert read_labels(tmp_path).classes == ("hen",)


@pytest.mark.parametrize("cell", [Failed(), Formula(), Formula(None), datetime.date(2026, 3, 1)])
@pytest.mark.parametrize("name", ["labels.xlsx", "labels.ods"])
def test_no_label_is_made_of_a_cell_that_says_nothing_certain(workbook, name, cell):
    told = problems(workbook([["file_name", "labels"], ["a.png", "cat"], ["b.png", cell]], name))
    assert f"{name}, sheet 'mine', row 3, column 'labels': the cell holds" in told


@pytest.mark.parametrize("rows", [WIDE, [["file_name", "labels"], ["a.png", "cat"], ["b.png", None]]])
def test_a_cell_under_a_merged_one_is_never_absent(workbook, rows):
    told = problems(workbook(rows, merged=["B2:B3"]))
    assert (
        f"labels.xlsx, sheet 'mine', row 3, column {rows[0][1]!r}: the cell is a part of the merged" in told
    )
    assert "B2:B3: unmerge it and fill in each" in told


def test_a_percentage_in_a_column_of_a_class_is_named_with_its_row(workbook):
    told = problems(workbook([["file_name", "cat"], ["a.png", 1], ["b.png", 0.5]]))
    assert "labels.xlsx, sheet 'mine', row 3, column 'cat': '0.5' is none of 1/0" in told


def test_what_is_doubtful_in_a_column_that_is_not_read_says_nothing(workbook, tmp_path):
    rows = [
        ["file_name", "labels", "seen"],
        ["a.png", "cat", Failed()],
        ["b.png", "dog", datetime.date(2026, 3, 1)],
    ]
    assert read_labels(tmp_path, workbook(rows)).classes == ("cat", "dog")


def test_images_may_be_grouped_by_a_day(workbook, tmp_path):
    rows = [["file_name", "labels", "group"], ["a.png", "cat", datetime.date(2026, 3, 1)]]
    assert read_labels(tmp_path, workbook(rows)).records[0].group == "2026-03-01"


def test_an_error_in_the_header_is_named(workbook):
    told = problems(workbook([["file_name", "labels", Failed("#REF!")], ["a.png", "cat", None]]))
    assert "row 1, column 3: the cell holds the error #REF!" in told


def test_a_sheet_is_refused_where_there_is_no_workbook(table, tmp_path):
    path = table("file_name,labels\na.png,cat\n")
    for data, labels in ((tmp_path, path), (tmp_path, None)):
        with pytest.raises(UsageError, match=r"`sheet` must be left out: .*labels\.csv is no workbook"):
            read_labels(data, labels, sheet="mine")


DAY = datetime.date(2026, 3, 1)


@pytest.mark.parametrize("cell", [DAY, Failed()])
@pytest.mark.parametrize(
    ("header", "row", "place"),
    [
        (["file_name", "labels"], ["", "cat"], 0),
        (["file_name", "labels"], ["a.png", ""], 1),
        (["file_name", "cat", "dog"], ["a.png", 1, ""], 2),
        (["file_name", "labels", "weight"], ["a.png", "cat", ""], 2),
        (["file_name", "labels", "split"], ["a.png", "cat", ""], 2),
    ],
    ids=["name", "labels", "class", "weight", "split"],
)
def test_a_cell_that_is_no_value_is_told_once(workbook, tmp_path, cell, header, row, place):
    row = [*row[:place], cell, *row[place + 1 :]]
    good = {"file_name": "b.png", "labels": "dog", "cat": 0, "dog": 1, "weight": 1, "split": "train"}
    with pytest.raises(DataError) as refused:
        read_labels(tmp_path, workbook([header, row, [good[name] for name in header]]))
    assert len(refused.value.problems) == 1
    assert f"row 2, column {header[place]!r}: the cell holds" in refused.value.problems[0]
