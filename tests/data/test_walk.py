"""All files below a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.data.walk import is_hidden, level, notes_on, walk


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    "name",
    [
        ".ipynb_checkpoints",
        ".thumbnails",
        "@eaDir",
        "__MACOSX",
        "._a.jpg",
        ".DS_Store",
        "Thumbs.db",
        "$RECYCLE.BIN",
    ],
)
def test_what_systems_leave_behind_is_hidden_at_any_depth_and_counted(tmp_path, name):
    touch(tmp_path, "a.jpg", "deep/er/b.jpg")
    for place in ("", "deep/er/"):
        touch(tmp_path, f"{place}{name}" if "." in name[1:] else f"{place}{name}/x/c.jpg")
    found = walk(tmp_path)
    assert [path.name for path in found.images] == ["a.jpg", "b.jpg"]
    assert found.hidden == {name: 2}
    assert notes_on(found, tmp_path) == [f"2 files hidden or a system's own, passed over: {name} (2)"]


@pytest.mark.parametrize("name", ["__background__", "_cat", "@home", "#1", "~tmp"])
def test_a_name_that_somebody_chose_is_not_hidden(name):
    assert not is_hidden(name)


def test_what_is_no_image_is_counted_by_ending_and_named(tmp_path):
    touch(tmp_path, "a.jfif", "b.HEIC", "c.heic", "d.txt", "e")
    assert notes_on(walk(tmp_path), tmp_path) == [
        "1 file without an ending, no image by its ending, passed over: e",
        "2 files of .heic cannot be read, convert it to JPEG or PNG first: b.HEIC, c.heic",
        "1 file of .txt, no image by its ending, passed over: d.txt",
    ]


def test_links_are_followed_and_circles_end(tmp_path):
    touch(tmp_path, "root/cat/a.jpg", "elsewhere/b.jpg")
    (tmp_path / "root/cat/more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root/cat/up").symlink_to(tmp_path / "root")
    (tmp_path / "root/cat/self").symlink_to("self")
    (tmp_path / "root/cat/gone.jpg").symlink_to("nothing.jpg")
    (tmp_path / "root/cat/twice").symlink_to("more")
    found = walk(tmp_path / "root/cat")
    assert [path.name for path in found.images] == ["a.jpg", "b.jpg"]
    assert sorted(path.name for path in found.broken) == ["gone.jpg", "self", "twice", "up"]
    assert notes_on(found, tmp_path)[0].startswith("4 links to nothing, in a circle")


def test_folders_that_link_to_each_other_are_entered_once(tmp_path):
    for one in "abcdefghijkl":
        touch(tmp_path, f"{one}/{one}.jpg")
        for other in "abcdefghijkl":
            (tmp_path / one / f"to_{other}").symlink_to(tmp_path / other)
    assert len(walk(tmp_path).images) == 12


def test_a_level_is_not_looked_into(tmp_path):
    touch(tmp_path, "a.jpg", "deep/b.jpg", "n.txt")
    folders, found = level(tmp_path)
    assert [path.name for path in folders] == ["deep"]
    assert ([path.name for path in found.images], [path.name for path in found.others]) == (
        ["a.jpg"],
        ["n.txt"],
    )
