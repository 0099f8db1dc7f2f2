"""Inputs that real tools write (``shared/cases``, not in the repository): what is right, case by case."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.shell import run
from conftest import SHARED

CASES = SHARED / "cases"
TINY = (
    *("--model", "test_resnet", "--weights", "none", "--image-size", "64", "--batch-size", "4"),
    *("--workers", "0", "--device", "cpu", "--epochs", "2"),
)
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not CASES.is_dir(), reason="the folder shared/cases is not here"),
]


def checked(capsys, data, labels=None):
    """Return exit status, report and words of ``weldon check``."""
    named = ("--labels", CASES / labels) if labels else ()
    status, said = run(capsys, "check", CASES / data, *named, "--json")
    return status, json.loads(said.out) if said.out.startswith("{") else {}, said.out + said.err


def counts(report):
    """Return positives and unknown cells of each class."""
    return {part["name"]: (part["positives"], part["unknown"]) for part in report["classes"]}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on the photographs of ``flat``."""
    return train(tmp_path_factory.mktemp("cases") / "run", CASES / "flat")


@pytest.fixture(scope="module")
def trained_on_bags(tmp_path_factory):
    out = tmp_path_factory.mktemp("bags") / "run"
    labels = ("--labels", CASES / "bags" / "labels.csv")
    return train(out, CASES / "bags" / "bags.csv", *labels, options=("--epochs", "2"))


def train(out, data, *more, options=TINY):
    """Train in a process of its own, and return the run."""
    done = weldon("train", data, *more, *options, "--out", out)
    assert done.returncode == 0, done.stderr
    return out


def weldon(*arguments):
    """Run a command in a process of its own."""
    command = [Path(sys.executable).with_name("weldon"), *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def scores(capsys, model, source, out):
    """Return the score of every item and class, as ``weldon predict`` writes it; else status and words."""
    status, said = run(capsys, "predict", model, source, "--out", out, "--device", "cpu")
    if status:
        return status, said.err
    return {
        (row.get("file_name") or row["bag"], row["class"]): row["score"]
        for row in table(out / "predictions.csv")
    }


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


def measured(capsys, model, *arguments):
    status, said = run(capsys, "val", model, *arguments, "--json")
    return status, json.loads(said.out) if said.out.startswith("{") else {}, said.out + said.err


@pytest.mark.parametrize("name", ["voc_good", "voc_floatsize", "voc_emptyname", "voc_out"])
def test_good_boxes_are_measured(capsys, trained, name):
    status, figures, said = measured(capsys, trained, "--boxes", CASES / name)
    assert status == 0, said
    assert figures["pointwise"] is not None
    assert all(row["pointwise"] is not None for row in figures["per_class"].values())


def test_equal_boxes_give_equal_figures(capsys, trained):
    _, good, _ = measured(capsys, trained, "--boxes", CASES / "voc_good")
    for name in ("voc_floatsize", "voc_emptyname"):
        assert measured(capsys, trained, "--boxes", CASES / name)[1] == good


def covered(figures):
    """Return how many images the boxes are of, of how many."""
    return tuple(figures["truth"]["boxes"][name] for name in ("images", "of"))


@pytest.mark.parametrize(("name", "count"), [("voc_renamed", 1), ("coco_partial.json", 2)])
def test_boxes_of_few_images_are_said_to_be_few(capsys, trained, name, count):
    status, figures, _ = measured(capsys, trained, "--boxes", CASES / name)
    assert (status, covered(figures)) == (0, (count, 8))
    status, said = run(capsys, "val", trained, "--boxes", CASES / name)
    assert (status, f"{count} of 8" in said.out + said.err) == (0, True)


def test_labels_unknown_to_the_run_are_named(capsys, trained):
    status, _, said = measured(capsys, trained, "--boxes", CASES / "voc_case")  # none is one of the run's
    assert (status, "CAT" in said, "DOG" in said) == (1, True, True), said
    _, figures, _ = measured(capsys, trained, "--boxes", CASES / "coco_partial.json")
    assert figures["truth"]["boxes"]["labels_unknown"] == ["Dog"]
    _, said = run(capsys, "val", trained, "--boxes", CASES / "coco_partial.json")
    assert "labels unknown to the run: Dog" in said.out + said.err


def test_boxes_of_other_images_are_refused(capsys, trained):
    status, _, said = measured(capsys, trained, "--boxes", CASES / "voc_mismatch")
    assert (status in (1, 2), "Traceback" in said) == (True, False)


def test_equal_names_in_two_folders_keep_their_boxes(capsys, trained):
    data = (CASES / "nested", "--labels", CASES / "nested" / "labels.csv")
    status, figures, said = measured(capsys, trained, *data, "--boxes", CASES / "voc_nested")
    assert status == 1 or figures["images"] == 20, said
    assert status == 1 or covered(figures) == (8, 20)


def test_masks_of_0_and_255_are_not_measured_in_silence(capsys, trained):
    status, _, said = measured(capsys, trained, "--masks", CASES / "masks255")
    assert status in (1, 2)
    assert "255" in said


def test_indexed_masks_are_measured_and_colours_refused(capsys, trained):
    status, figures, _ = measured(capsys, trained, "--masks", CASES / "masks1")
    assert (status, figures["miou_classes"]) == (0, ["background", "cat", "dog"])
    marked = ("--masks", CASES / "masks1", "--legend", CASES / "legend_bom.csv")
    assert measured(capsys, trained, *marked)[1]["miou"] == figures["miou"]
    status, _, said = measured(capsys, trained, "--masks", CASES / "masks_rgb")
    assert (status, "img12.png" in said) == (1, True)


def test_pictures_of_every_ending_are_read_or_named(capsys, trained, tmp_path):
    status, said = run(capsys, "predict", trained, CASES / "jfif", "--out", tmp_path / "p", "--device", "cpu")
    assert status == 0
    read = {row["file_name"] for row in table(tmp_path / "p" / "predictions.csv")}
    for name in ("a.jpg", "b.jfif", "c.HEIC", "d.mpo"):
        assert name in read or name in said.err, name
    assert {"a.jpg", "b.jfif", "d.mpo"} <= read


def test_a_list_in_utf_16_is_read_or_named(capsys, trained, tmp_path):
    status, said = run(
        capsys, "predict", trained, CASES / "list16.txt", "--out", tmp_path / "p", "--device", "cpu"
    )
    assert status in (0, 1)
    assert status == 0 or "list16.txt" in said.err


def test_voc_files_of_two_pictures_never_overwrite_each_other(capsys, trained, tmp_path):
    names = [CASES / "predict_names" / name for name in ("a.jpg", "a.png")]
    out = ("--to", "voc", "--out", tmp_path / "p", "--device", "cpu")
    status, said = run(capsys, "predict", trained, *names, *out)
    written = list((tmp_path / "p").rglob("*.xml"))
    assert (status == 0 and len(written) == 2) or (status in (1, 2) and "a.png" in said.err)


def test_names_that_only_an_enemy_would_give(capsys, trained, tmp_path):
    found = scores(capsys, trained, CASES / "predict_names", tmp_path / "p")
    assert {"a.jpg", "a.png", "sub/a.jpg", "=cmd|x.jpg"} <= {name for name, _ in found}


def test_pictures_are_upright(capsys, trained, tmp_path):
    found = scores(capsys, trained, CASES / "exif", tmp_path / "p")
    for name in ("cat", "dog"):
        values = [float(found[f"o{turn}.png", name]) for turn in range(1, 9)]
        assert max(values) - min(values) < 1e-3


BAD_PICTURES = {
    *("f32.tif", "heic_as.jpg", "html.jpg", "i32.tif", "trunc.jpg", "trunc.png", "trunc1.jpg", "zero.jpg"),
}


def test_odd_pictures_are_read_and_bad_ones_named(capsys, trained, tmp_path):
    status, said = run(capsys, "predict", trained, CASES / "images", "--out", tmp_path / "p", "--json")
    assert (status, set(json.loads(said.out)["skipped"])) == (0, BAD_PICTURES)


BAGS = {  # what each table's bags must give: those of bags.csv under these names, or a refusal that names it
    "bags_bom": lambda name: name,
    "bags_cap": lambda name: name,
    "bags_index": lambda name: name,
    "bags_reordered": lambda name: name,
    "bags_slide": lambda name: name,
    "bags_utf16": lambda name: name,
    "bags_abs": lambda name: f"/data/slides/{name}.svs",
}


@pytest.mark.parametrize("name", BAGS)
def test_bags_are_read_by_the_names_of_their_columns(capsys, trained_on_bags, tmp_path, name):
    right = scores(capsys, trained_on_bags, CASES / "bags" / "bags.csv", tmp_path / "right")
    found = scores(capsys, trained_on_bags, CASES / "bags" / f"{name}.csv", tmp_path / "found")
    if isinstance(found, tuple):
        assert found[0] in (1, 2)
        assert f"{name}.csv" in found[1]
    else:
        assert found == {(BAGS[name](bag), label): score for (bag, label), score in right.items()}


def test_bags_with_other_columns_are_refused_by_name(capsys, trained_on_bags, tmp_path):
    status, said = scores(capsys, trained_on_bags, CASES / "bags" / "bags_renamed.csv", tmp_path / "p")
    assert status in (1, 2)
    assert "f0" in said
    assert "zz" in said


@pytest.mark.parametrize("name", ["bags_cap", "bags_slide", "bags_utf16", "bags_semi", "bags_index"])
def test_a_table_of_bags_never_blames_its_labels(capsys, name):
    status, report, said = checked(capsys, f"bags/{name}.csv", "bags/labels.csv")
    assert (status == 0 and report["features"] == 3) or (status == 1 and f"{name}.csv" in said)


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


def test_a_resumed_run_keeps_its_split_or_says_what_changed(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(CASES / "resume_split", data)
    out = train(tmp_path / "run", data, options=(*TINY[:-1], "1"))
    before = (out / "splits.csv").read_text()
    rows = (data / "labels.csv").read_text().splitlines()
    (data / "labels.csv").write_text("\n".join([rows[0], *rows[: len(rows) // 2 : -1]]) + "\n")
    done = weldon("train", data, *TINY, "--out", out, "--resume")
    assert done.returncode in (0, 1, 2), done.stderr
    assert (out / "splits.csv").read_text() == before


def test_a_resumed_run_keeps_its_classes_or_says_what_changed(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(CASES / "flat", data)
    out = train(tmp_path / "run", data, options=(*TINY[:-1], "1"))
    shutil.copy(CASES / "flat3" / "labels.csv", data / "labels.csv")
    done = weldon("train", data, *TINY, "--out", out, "--resume")
    assert done.returncode in (1, 2), done.stderr
    assert "ant" in done.stderr
    assert (out / "classes.txt").read_text() == "cat\ndog\n"


@pytest.mark.slow
def test_two_processes_write_what_one_gives(tmp_path):
    out = tmp_path / "two"
    done = weldon("train", CASES / "flat", *TINY, "--devices", "2", "--strategy", "ddp", "--out", out)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["images"] == {"train": 12, "val": 8}
    assert sum(int(row["positives"]) for row in table(out / "report" / "per_class.csv")) == 8
    epoch = table(out / "metrics.csv")[manifest["validation"]["best_epoch"]]
    assert manifest["validation"]["map"] == pytest.approx(float(epoch["val/map"]), abs=1e-5)


def test_the_folder_of_cases_is_read():
    assert Path(CASES, "README.md").is_file()
