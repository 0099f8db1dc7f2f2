"""Label files, folders and tables that real tools write: what is right, case by case."""

from __future__ import annotations

import json

import pytest

from stress.shared_cases import CASES, READ, checked, counts

pytestmark = READ


def test_label_studios_single_choice_is_a_label(capsys):
    status, report, _ = checked(capsys, "ls_min_choice", "ls_min_choice/export_min.json")
    tasks = json.loads((CASES / "ls_min_choice" / "export_min.json").read_text())
    given = [task["labels"] for task in tasks]
    wanted: dict[str, int] = {}
    for answer in given:
        for name in [answer] if isinstance(answer, str) else answer["choices"]:
            wanted[name] = wanted.get(name, 0) + 1
    assert (status, counts(report)) == (0, {name: (wanted[name], 0) for name in sorted(wanted)})


def test_what_only_one_of_two_people_chose_is_unknown(capsys):
    status, report, _ = checked(capsys, "ls_min_choice", "ls_min_choice/two_people.json")
    assert (status, counts(report)["cat"]) == (0, (1, 0))
    assert "bird" in str(report["notes"] + report["classes"])


def test_taxonomies_are_labels(capsys):
    status, report, _ = checked(capsys, "ls_taxonomy", "ls_taxonomy/export.json")
    assert (status, {name: counts(report)[name] for name in ("Cat", "Dog")}) == (
        0,
        {"Cat": (2, 0), "Dog": (2, 0)},
    )
    assert "Animal" in str(report["notes"])


def test_uploads_are_found_under_the_name_they_are_stored_by(capsys):
    status, report, _ = checked(capsys, "ls_media", "ls_media/export.json")
    assert (status, report["images"], counts(report)) == (0, 3, {"cat": (2, 0), "dog": (1, 0)})


def test_cvats_masks_ellipses_polylines_and_turned_boxes_are_present(capsys):
    status, report, _ = checked(capsys, "cvat_mask", "cvat_mask/annotations.xml")
    assert (status, counts(report)) == (0, {"cat": (4, 0), "dog": (2, 0)})


def test_cvat_for_video_is_read_or_the_right_export_is_named(capsys):
    status, _, said = checked(capsys, "cvat_video", "cvat_video/annotations.xml")
    assert status == 0 or (status == 1 and "for images" in said)


def test_a_hugging_face_folder_has_its_own_classes_and_splits(capsys):
    status, report, said = checked(capsys, "hf_per_split")
    assert status == 0, said
    assert counts(report) == {"cat": (8, 0), "dog": (8, 0)}
    assert report["splits"] == {"train": 10, "test": 6}


def test_two_coco_images_with_one_id_are_refused_by_name(capsys):
    status, _, said = checked(capsys, "coco_dupimage", "coco_dupimage/c.json")
    assert (status, "p0.jpg" in said, "p1.jpg" in said) == (1, True, True)


def test_coco_labels_without_boxes_are_labels(capsys):
    status, report, _ = checked(capsys, "coco_cameratraps", "coco_cameratraps/ct.json")
    assert (status, counts(report)["fox"], counts(report)["deer"]) == (0, (2, 0), (1, 0))
    status, report, _ = checked(capsys, "coco_rle_nobbox", "coco_rle_nobbox/c.json")
    assert (status, counts(report)) == (0, {"cat": (1, 0), "dog": (1, 0)})


def test_a_flat_segmentation_is_read_or_named_by_annotation(capsys):
    status, report, said = checked(capsys, "coco_flatseg", "coco_flatseg/c.json")
    assert (status == 0 and counts(report) == {"cat": (1, 0), "dog": (1, 0)}) or (
        status == 1 and "annotation 1" in said
    )


def test_a_crowd_is_present(capsys):
    status, report, _ = checked(capsys, "coco_crowd", "coco_crowd/c.json")
    assert (status, counts(report)) == (0, {"cat": (1, 0), "dog": (1, 0)})


@pytest.mark.parametrize("name", ["csv_numpy", "csv_json"])
def test_lists_in_cells_are_parsed_or_refused_by_row(capsys, name):
    status, report, said = checked(capsys, name, f"{name}/labels.csv")
    if status == 0:
        assert set(counts(report)) == {"cat", "dog"}
    else:
        assert (status, "labels.csv row" in said) == (1, True)


def test_hidden_folders_are_passed_over_and_counted(capsys):
    _status, report, said = checked(capsys, "folder_hidden")
    found = counts(report)
    assert (found["cat"], found["dog"]) == ((3, 0), (3, 0)), said
    assert set(found) <= {"cat", "dog", "__background__"}
    assert "__background__" in said
    assert "@eaDir" in said


BOTH = ("bom", "labelid", "mac", "quoted", "semi", "sep", "spaces", "trailing", "upper", "utf16")
REFUSED = (
    *("case", "comment", "dup", "excel_sci", "german", "hdr_only", "one_row_per_label", "prob", "title"),
    *("twofile", "url", "utf16le_nobom", "wholequoted", "win", "x"),
)
TABLES = {  # positives of each class; None: refused, by the name of the file
    **{name: {"cat": 1, "dog": 1} for name in BOTH},
    **dict.fromkeys(REFUSED),
    **{name: {"dog": 1} for name in ("group", "weightclass")},
    "float": {"1": 1, "1.0": 1, "2.0": 1},
    "dupcase": {"cat": 1, "Cat": 1},
    "pandasidx2": {"cat": 2, "dog": 2},
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_as_spreadsheets_leave_them(capsys, name):
    status, report, said = checked(capsys, "tables", f"tables/{name}.csv")
    if TABLES[name] is None:
        assert (status, f"{name}.csv" in said) == (1, True)
    else:
        assert (status, {key: value for key, (value, _) in counts(report).items()}) == (0, TABLES[name])


def test_one_name_in_two_spellings_is_a_warning(capsys):
    _, report, _ = checked(capsys, "tables", "tables/labelnfc.csv")
    assert any("look the same" in text for text in (*report["warnings"], *report["errors"]))
