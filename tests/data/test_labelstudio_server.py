"""A real Label Studio opens our tasks with every picture shown, and its own export comes back as labels."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from label_studio_server import label_studio
from weldon.data import Box, ImageAnnotation, Keypoint, read_labels, write_annotations

CLASSES = ("cat", "dog")
NAMES = ("beach.jpg", "a b é.png", "deep/er/c.jpg")


@pytest.fixture
def program() -> str:
    """The command of an installed Label Studio; it pins other versions of our dependencies: keep it apart."""
    found = os.environ.get("WELDON_LABEL_STUDIO") or shutil.which("label-studio")
    if found is None:
        pytest.skip(
            "label-studio is not here: `make label-studio` installs it beside and runs this test, or set "
            "WELDON_LABEL_STUDIO to its command"
        )
    return found


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    for number, name in enumerate(NAMES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((120, 160, 3), 60 * number, np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def tasks(photos, tmp_path):
    images = [
        ImageAnnotation(
            name,
            160,
            120,
            labels=("cat",) if number != 1 else ("cat", "dog"),
            boxes=(Box("cat", 10, 20, 110, 100, score=0.9),),
            points=(Keypoint("cat", 60, 60, score=0.8),),
        )
        for number, name in enumerate(NAMES)
    ]
    out = tmp_path / "out"
    write_annotations("labelstudio", out, images, CLASSES, photos=photos)
    return out / "labelstudio"


@pytest.mark.slow
def test_every_picture_shows_and_the_export_comes_back(program, photos, tasks, tmp_path):
    (tmp_path / "data").mkdir()
    with label_studio(program, photos.parent, tmp_path / "data") as server:
        project = server.open_project((tasks / "label_config.xml").read_text(), photos)
        server.ask(f"/api/projects/{project}/import", json.loads((tasks / "tasks.json").read_text()))
        opened = server.ask(f"/api/tasks/?project={project}&fields=all")["tasks"]
        assert len(opened) == len(NAMES)
        for task in opened:
            status, shown = server.fetch(task["data"]["image"])
            assert status == 200, task["data"]["image"]
            assert shown in [(photos / name).read_bytes() for name in NAMES]
            prediction = server.ask(f"/api/predictions/?task={task['id']}")[0]
            server.ask(f"/api/tasks/{task['id']}/annotations/", {"result": prediction["result"]})
        export = server.fetch(f"/api/projects/{project}/export?exportType=JSON")[1]
        minimal = server.fetch(f"/api/projects/{project}/export?exportType=JSON_MIN")[1]
    for name, content in (("export.json", export), ("minimal.json", minimal)):
        (tmp_path / name).write_bytes(content)
        records = {r.path: r.labels for r in read_labels(photos, tmp_path / name).records}
        assert records == {photos / n: {"cat", "dog"} if n == NAMES[1] else {"cat"} for n in NAMES}


@pytest.mark.slow
def test_the_folder_of_the_photographs_is_no_document_root(program, photos, tasks, tmp_path):
    """Label Studio refuses it, so docs/formats.md says to take the folder above."""
    (tmp_path / "data").mkdir()
    with (
        label_studio(program, photos, tmp_path / "data") as server,
        pytest.raises(RuntimeError, match="cannot be the same"),
    ):
        server.open_project((tasks / "label_config.xml").read_text(), photos)
