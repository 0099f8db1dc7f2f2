"""IMAGES: files, folders, patterns and lists, with names that stay apart."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from weldon.data import LabelSet, Record, load_image
from weldon.data.shards import write_shards
from weldon.errors import DataError, UsageError
from weldon.inference.image_list import expand_images


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.PNG", "deep/c.jpeg", "deep/deeper/a.PNG", "notes.md", "deep/.hidden.jpg"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "tree"


def names(sources) -> list[str]:
    return [image.file_name for image in expand_images(sources)]


def test_a_folder_is_walked_in_order_and_named_below_itself(tree: Path):
    assert names(tree) == ["a.PNG", "b.jpg", "deep/c.jpeg", "deep/deeper/a.PNG"]


def test_shards_give_their_pictures_by_the_names_of_the_files(tmp_path: Path):
    records = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (8 + number, 8)).save(path)
        records.append(Record(path, f"deep/{number}.png", frozenset()))
    write_shards(LabelSet(tuple(records), ("cat",), "table"), tmp_path / "shards")
    found = expand_images(tmp_path / "shards")
    assert [image.file_name for image in found] == ["deep/0.png", "deep/1.png", "deep/2.png"]
    assert [load_image(image.path).width for image in found] == [8, 9, 10]


def test_a_file_goes_by_its_name(tree: Path):
    assert names(tree / "deep" / "c.jpeg") == ["c.jpeg"]


def test_a_pattern_is_named_below_its_fixed_part(tree: Path):
    assert names(f"{tree}/deep/*") == ["c.jpeg"]
    assert names(f"{tree}/**/a.PNG") == ["a.PNG", "deep/deeper/a.PNG"]


def test_a_file_with_brackets_is_a_file_not_a_pattern(tree: Path):
    (tree / "x[1].jpg").write_bytes(b"x")
    assert names(str(tree / "x[1].jpg")) == ["x[1].jpg"]


def test_a_list_is_read_beside_itself_in_its_own_order(tree: Path):
    listing = tree / "list.txt"
    listing.write_text("deep/c.jpeg\n\n  b.jpg \n", encoding="utf-8")
    assert names(listing) == ["deep/c.jpeg", "b.jpg"]


def test_a_list_with_a_missing_file_names_it_and_its_row(tree: Path):
    listing = tree / "list.txt"
    listing.write_text("b.jpg\nnone.jpg\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"row 2: 'none\.jpg'"):
        expand_images(listing)


def test_names_from_a_list_stay_inside_the_output(tree: Path):
    listing = tree / "deep" / "list.txt"
    listing.write_text(f"../b.jpg\n{tree / 'a.PNG'}\n", encoding="utf-8")
    assert all(not name.startswith(("/", "..")) for name in names(listing))


def test_an_image_reached_twice_is_listed_once(tree: Path):
    assert names([tree, tree / "b.jpg", f"{tree}/*.jpg"]) == names(tree)


def test_two_images_of_one_name_get_their_paths(tree: Path):
    found = names([tree / "a.PNG", tree / "deep" / "deeper" / "a.PNG"])
    assert len(set(found)) == 2
    assert all(name.endswith("a.PNG") and not name.startswith("/") for name in found)


def test_a_name_that_does_not_exist_is_a_usage_error(tree: Path):
    with pytest.raises(UsageError, match="nowhere"):
        expand_images(tree / "nowhere")
    with pytest.raises(UsageError, match="matches no image"):
        expand_images(f"{tree}/*.gif")


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path):
    with pytest.raises(DataError, match=r"holds no image.*\.jpg"):
        expand_images(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_list_that_windows_wrote_is_read(tree: Path, encoding: str):
    listing = tree / "list.txt"
    listing.write_bytes("deep/c.jpeg\r\nb.jpg\r\n".encode(encoding))
    assert names(listing) == ["deep/c.jpeg", "b.jpg"]


def test_a_list_that_is_no_text_is_named_with_its_row(tree: Path):
    listing = tree / "list.txt"
    for content, words in (
        (b"b.jpg\ncaf\xe9.jpg\n", "row 2 is not UTF-8"),
        (b"b.jpg\n\0\n", "row 2 holds a zero"),
    ):
        listing.write_bytes(content)
        with pytest.raises(DataError, match=rf"list\.txt {words}"):
            expand_images(listing)


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_list_is_said(tree: Path, content: str):
    (tree / "list.txt").write_text(content)
    with pytest.raises(DataError, match=r"list\.txt' names no image"):
        expand_images(tree / "list.txt")


def test_what_no_file_can_be_called_is_missing_like_any_other(tree: Path):
    (tree / "list.txt").write_text(f"{'x' * 5000}\na\x01b.jpg\ndeep\n")
    with pytest.raises(DataError, match=r"3 files that are not there") as error:
        expand_images(tree / "list.txt")
    assert [problem.split("row ")[1][0] for problem in error.value.problems] == ["1", "2", "3"]


def test_what_a_folder_holds_besides_is_said(tree: Path, caplog: pytest.LogCaptureFixture):
    names(tree)
    assert "1 file hidden or a system's own, passed over: .hidden.jpg (1)" in caplog.text
    assert "1 file of .md, no image by its ending, passed over: notes.md" in caplog.text


def test_hidden_folders_are_passed_over(tree: Path):
    (tree / ".ipynb_checkpoints").mkdir()
    (tree / ".ipynb_checkpoints" / "b.jpg").touch()
    assert names(tree) == names(f"{tree}/**/*") == ["a.PNG", "b.jpg", "deep/c.jpeg", "deep/deeper/a.PNG"]
    assert names(f"{tree}/**") == names(tree)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_circles_of_links_pipes_and_links_to_nothing_end(tree: Path, caplog: pytest.LogCaptureFixture):
    for number in range(30):
        (tree / f"link{number}").symlink_to(tree)
    (tree / "self.jpg").symlink_to(tree / "self.jpg")
    (tree / "gone.jpg").symlink_to(tree / "nowhere.jpg")
    os.mkfifo(tree / "pipe.jpg")
    assert names(tree) == names(f"{tree}/**/*") == ["a.PNG", "b.jpg", "deep/c.jpeg", "deep/deeper/a.PNG"]
    assert "33 links to nothing" in caplog.text


def test_folders_deeper_than_python_follows_are_walked(tmp_path: Path):
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(1200):
            os.mkdir("d")
            os.chdir("d")
        Path("a.jpg").touch()
    finally:
        os.chdir(here)
    assert len(names(tmp_path)) == 1
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


@pytest.mark.parametrize("pattern", ["a**b.jpg", "[", "x/[!.jpg"])
def test_a_pattern_that_is_none_is_bad_usage(tree: Path, pattern: str):
    with pytest.raises(UsageError):
        expand_images(f"{tree}/{pattern}")
