"""Annotations go by the place of their pictures below Label Studio's root, and by their names elsewhere."""

import json
from pathlib import Path

import pytest
from PIL import Image

from weldon.data import ImageAnnotation
from weldon.inference.annotation_files import served_folders, write_for_tools
from weldon.inference.image_list import NamedImage, expand_images


def test_label_studio_is_served_from_above_the_folders_that_hold_pictures(tmp_path):
    def served(*places: tuple[str, str]):
        found = served_folders([NamedImage(tmp_path / path, name) for path, name in places])
        return found.root, list(found.folders), [found.places[name] for _, name in places]

    one = ("new/x.jpg", "new/x.jpg")
    assert served(one) == (tmp_path, [tmp_path / "new"], ["new/x.jpg"])
    own = (("data/own/a/x.jpg", "a/x.jpg"), ("data/own/y.jpg", "y.jpg"))
    assert served(*own, one) == (
        tmp_path,
        [tmp_path / "data/own", tmp_path / "new"],
        ["data/own/a/x.jpg", "data/own/y.jpg", "new/x.jpg"],
    )
    assert served(("y.jpg", "y.jpg"), one)[:2] == (tmp_path.parent, [tmp_path])
    whole = str(tmp_path / "new/x.jpg").lstrip("/")
    assert served(("new/x.jpg", whole), ("data/y.jpg", "y.jpg"))[:2] == (
        tmp_path,
        [tmp_path / "data", tmp_path / "new"],
    )


def test_pictures_of_an_object_store_are_served_from_no_folder():
    assert served_folders([NamedImage(Path("s3://bucket/a.jpg"), "a.jpg")]) is None


def test_the_folder_of_the_photographs_is_the_storage_however_they_were_named(tmp_path):
    for name in ("photos/a.jpg", "photos/deep/b.jpg", "other/a.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    photos, other = tmp_path / "photos", tmp_path / "other"
    for source in (photos, f"{photos}/**/*.jpg", photos / "a.jpg"):
        assert served_folders(expand_images(source)).folders == (photos,)
    assert served_folders(expand_images([photos, other])).folders == (other, photos)


@pytest.mark.parametrize("path", ["new/a b.jpg", "s3://bucket/a b.jpg"])
def test_each_tool_gets_the_name_it_finds_the_picture_by(tmp_path, path):
    far = path.startswith("s3:")
    images = [NamedImage(Path(path) if far else tmp_path / path, "a b.jpg")]
    made = [ImageAnnotation("a b.jpg", width=40, height=30, labels=("cat",))]
    served = write_for_tools(tmp_path / "out", ["coco", "labelstudio"], made, ("cat",), images)
    coco = json.loads((tmp_path / "out" / "coco.json").read_text())
    (task,) = json.loads((tmp_path / "out" / "labelstudio" / "tasks.json").read_text())
    assert [one["file_name"] for one in coco["images"]] == ["a b.jpg"]
    assert task["data"]["image"] == "/data/local-files/?d=" + ("a%20b.jpg" if far else "new/a%20b.jpg")
    assert (served is None) == far
    assert write_for_tools(tmp_path / "coco", ["coco"], made, ("cat",), images) is None
