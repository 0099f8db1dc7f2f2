"""True masks are read with the meaning their legend gives them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from weldon.data.record import Record
from weldon.data.true_masks import TrueMasks, find_masks, read_legend, refuse_no_object
from weldon.errors import DataError, UsageError

VOC_CAT, VOC_DOG = 8, 12


def write_mask(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(values, dtype=np.uint8)).save(path)
    return path


def record(folder, name):
    return Record(folder / name, name, frozenset())


def test_indices_become_the_numbers_of_the_run(tmp_path):
    path = write_mask(tmp_path / "a.png", [[0, VOC_CAT, VOC_DOG, 255]])
    masks = TrueMasks({"a.jpg": path}, ["dog", "cat"], read_legend(None, tmp_path, ["dog", "cat"]))
    assert masks.read("a.jpg", (4, 1)).tolist() == [[0, 2, 1, 255]]


def test_classes_the_run_does_not_know_come_after_its_own(tmp_path):
    path = write_mask(tmp_path / "a.png", [[VOC_CAT, VOC_DOG]])
    masks = TrueMasks({"a.jpg": path}, ["dog"], read_legend("voc", None, ["dog"]))
    cat = masks.labels.index("cat")
    assert cat > 1
    assert masks.read("a.jpg", (2, 1)).tolist() == [[cat, 1]]


def test_without_a_legend_indices_are_the_classes_of_the_run(tmp_path):
    path = write_mask(tmp_path / "a.png", [[0, 1, 2]])
    masks = TrueMasks({"a.jpg": path}, ["dent", "crack"], read_legend(None, tmp_path, ["dent", "crack"]))
    assert masks.read("a.jpg", (3, 1)).tolist() == [[0, 1, 2]]


def test_a_legend_beside_the_masks_is_read(tmp_path):
    (tmp_path / "legend.csv").write_text("index,class\n0,background\n7,crack\n3,dent\n")
    path = write_mask(tmp_path / "a.png", [[0, 3, 7]])
    masks = TrueMasks({"a.jpg": path}, ["dent", "crack"], read_legend(None, tmp_path, ["dent", "crack"]))
    assert masks.read("a.jpg", (3, 1)).tolist() == [[0, 1, 2]]


def test_an_index_the_legend_does_not_name_is_refused(tmp_path):
    path = write_mask(tmp_path / "a.png", [[0, 9]])
    masks = TrueMasks({"a.jpg": path}, ["dent"], read_legend("run", None, ["dent"]))
    with pytest.raises(DataError, match=r"a\.png holds the indices \[9\].*--legend voc"):
        masks.read("a.jpg", (2, 1))


def test_another_size_is_refused(tmp_path):
    path = write_mask(tmp_path / "a.png", [[0, 1]])
    masks = TrueMasks({"a.jpg": path}, ["dent"], read_legend("run", None, ["dent"]))
    with pytest.raises(DataError, match="must be 4 x 1 as its image, got 2 x 1"):
        masks.read("a.jpg", (4, 1))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("number,name\n1,dent\n", "columns index and class"),
        ("index,class\none,dent\n", "row 2: index .* is no whole number from 0 to 255"),
        ("index,class\n256,dent\n", "row 2: index .* is no whole number from 0 to 255"),
        ("index,class\n1,\n", "row 2: no class"),
        ("index,class\n1,dent\n1,crack\n", "each class once"),
        ("index,class\n1,dent\n2,dent\n", "each class once"),
    ],
)
def test_a_legend_that_cannot_be_used_is_named(tmp_path, table, words):
    (tmp_path / "l.csv").write_text(table)
    with pytest.raises(DataError, match=rf"(?s)l\.csv.*{words}"):
        read_legend(str(tmp_path / "l.csv"), None, ["dent"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_legend_is_read_as_any_table_is(tmp_path, encoding, separator):
    text = "Index,Class\n1,dent\n2,löss\n".replace(",", separator)
    (tmp_path / "l.csv").write_bytes(text.encode(encoding))
    assert read_legend(str(tmp_path / "l.csv"), None, ["dent"]) == {0: "background", 1: "dent", 2: "löss"}


def test_a_missing_legend_lists_the_choices(tmp_path):
    with pytest.raises(UsageError, match=r"voc, run or a table.*'coco'"):
        read_legend("coco", tmp_path, ["dent"])


def test_masks_are_found_flat_and_in_folders_of_their_own(tmp_path):
    write_mask(tmp_path / "a.png", [[0]])
    write_mask(tmp_path / "deep" / "b.png", [[0]])
    found = find_masks([record(tmp_path, name) for name in ("deep/a.jpg", "deep/b.jpg", "c.jpg")], tmp_path)
    assert found == {"deep/a.jpg": tmp_path / "a.png", "deep/b.jpg": tmp_path / "deep" / "b.png"}


def test_a_folder_without_any_mask_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"STEM\.png"):
        find_masks([record(tmp_path, "a.jpg")], tmp_path)


def test_what_is_no_indexed_mask_is_refused(tmp_path):
    Image.new("RGB", (2, 1)).save(tmp_path / "a.png")
    masks = TrueMasks({"a.jpg": tmp_path / "a.png"}, ["dent"], read_legend("run", None, ["dent"]))
    with pytest.raises(DataError, match="one class index a pixel"):
        masks.read("a.jpg", (2, 1))


def test_a_legend_as_a_spreadsheet_saves_it_is_read(tmp_path):
    (tmp_path / "l.csv").write_bytes("\ufeffIndex;Class\r\n1;dent\r\n".encode())
    assert read_legend(str(tmp_path / "l.csv"), None, ["dent"]) == {0: "background", 1: "dent"}


def test_masks_of_0_and_255_are_refused_until_a_legend_says_what_255_is(tmp_path):
    path = write_mask(tmp_path / "a.png", [[0, 255]])
    with pytest.raises(DataError, match=r"only 0 and 255 \(.*a\.png for one\).*--legend"):
        refuse_no_object([path], read_legend("run", None, ["dent"]))
    (tmp_path / "l.csv").write_text("index,class\n255,dent\n")
    legend = read_legend(str(tmp_path / "l.csv"), None, ["dent"])
    refuse_no_object([path], legend)
    assert TrueMasks({"a.jpg": path}, ["dent"], legend).read("a.jpg", (2, 1)).tolist() == [[0, 1]]


def test_masks_of_background_alone_measure_nothing_and_one_object_is_enough(tmp_path):
    paths = [write_mask(tmp_path / f"{number}.png", [[0, 255 * number]]) for number in range(2)]
    with pytest.raises(DataError, match="holds an object"):
        refuse_no_object(paths[:1], {0: "background"})
    refuse_no_object([*paths, write_mask(tmp_path / "2.png", [[1]])], {0: "background", 1: "dent"})


@pytest.mark.parametrize("names", [("x/a.jpg", "y/a.jpg"), ("a.jpg", "a.png")])
def test_a_mask_that_could_be_of_two_images_is_refused_with_both(tmp_path, names):
    write_mask(tmp_path / "a.png", [[1]])
    with pytest.raises(DataError, match=f"{names[0]} and {names[1]}"):
        find_masks([record(tmp_path, name) for name in names], tmp_path)


def test_the_masks_of_images_that_differ_in_their_ending_keep_it(tmp_path):
    for name in ("a.png", "a.png.png"):
        write_mask(tmp_path / name, [[1]])
    found = find_masks([record(tmp_path, name) for name in ("a.jpg", "a.png")], tmp_path)
    assert found == {"a.jpg": tmp_path / "a.png", "a.png": tmp_path / "a.png.png"}


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"x" * 50])
def test_a_damaged_mask_is_named(tmp_path, data):
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.png"):
        refuse_no_object([tmp_path / "a.png"], {0: "background"})
