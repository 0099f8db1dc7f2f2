"""Each column is measured as it says: points by boxes, masks by masks, and other images choose."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from weldon.data import read_labels
from weldon.data.scenes import CLASSES
from weldon.evaluation import evaluate
from weldon.recipes import Column, Look, Table
from weldon.reproduce import Workspace, reproduce
from weldon.reproduce.rows import View
from weldon.reproduce.trials import Run


@pytest.fixture(scope="session")
def masked_root(data_root):
    """The scenes with masks: the left half is the first label, the rest background."""
    folder = data_root / "scenes"
    for record in read_labels(folder, folder / "labels.csv").records:
        with Image.open(record.path) as image:
            mask = np.zeros((image.height, image.width), np.uint8)
        mask[:, : mask.shape[1] // 2] = 1 + CLASSES.index(min(record.labels))
        workspace = (folder / "drawn" / record.file_name).with_suffix(".png")
        workspace.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(workspace)
    return data_root


def test_masks_are_measured_with_background_and_crf_chosen_on_others(masked_root, tmp_path, row, scenes):
    source = scenes.model_copy(update={"truth": {"masks": "drawn"}, "tuning": {"masks": 3}})
    columns = (
        Column(key="miou", title="mIoU", data="scenes", figure="miou"),
        Column(key="crf", title="CRF", data="scenes", figure="miou_crf"),
        Column(key="known", title="true labels", data="scenes", figure="miou", flags={"known_labels": True}),
    )
    small = Table(
        name="small",
        title="S",
        source="-",
        columns=columns,
        sources=(source,),
        rows=(row("max", {"pool": "max"}),),
    )
    workspace = Workspace(masked_root, tmp_path, options={"cache": str(tmp_path / "cache")})
    (figures,) = reproduce(small, workspace).cells["max", "scenes"].figures
    tuning = tmp_path / "labels" / "scenes-tuning.txt"
    assert len(tuning.read_text().split()) == 3
    (run,) = (tmp_path / "runs").iterdir()
    asked = {"split": "test", "masks": masked_root / "scenes" / "drawn", "tune_on": tuning}
    chosen = evaluate(run, tune_crf=True, **asked)
    assert (figures["miou"], figures["crf"]) == pytest.approx((chosen["miou"], chosen["miou_crf"]))
    assert figures["known"] == pytest.approx(evaluate(run, known_labels=True, **asked)["miou"])


def test_a_run_is_named_by_what_decides_its_outcome(workspace, scenes):
    def key(**options: object) -> str:
        return Run(workspace, scenes, {"seed": 0, **options}).key

    assert key(lr=0.1) == key(lr="0.1", workers=7, device="cpu", cache="elsewhere")
    assert key(weights="/here/net.safetensors") == key(weights="/there/net.safetensors")
    assert key(pool="weldon") == key()  # the default, said or not
    assert len({key(), key(lr=0.1), key(seed=1), key(pool="max"), key(image_size=224)}) == 5
    other = scenes.model_copy(update={"name": "others"})
    assert Run(workspace, other, {"seed": 0}).key != key()


@pytest.fixture
def view(workspace, scenes, monkeypatch):
    """A finished run of which each measuring gives 0.5, and no figure for pointwise."""
    measured = []

    def measure(self, wanted, flags):
        measured.append(sorted(wanted))
        return {"map": 0.5, "pointwise": math.nan}

    monkeypatch.setattr(View, "measure", measure)
    return View([Run(workspace, scenes, {"seed": 0})], Look()), measured


COLUMNS = [Column(key=figure, title=figure, data="scenes", figure=figure) for figure in ("map", "pointwise")]


def test_what_was_measured_is_kept_even_where_it_is_no_number(view):
    one, measured = view
    for _ in range(2):
        figures = one.figures(COLUMNS)
        assert figures["map"] == 0.5
        assert math.isnan(figures["pointwise"])
    assert measured == [["map", "pointwise"]]


@pytest.mark.parametrize(
    "content", [b"", b'{"map": 0.', b"[1]", b"\xff\xff", b'{"map": "x", "pointwise": true}']
)
def test_kept_figures_that_are_damaged_are_measured_again(view, workspace, content):
    one, measured = view
    one.figures(COLUMNS)
    (kept,) = (workspace.out / "figures").iterdir()
    kept.write_bytes(content)
    assert one.figures(COLUMNS)["map"] == 0.5
    assert measured == [["map", "pointwise"]] * 2
    one.figures(COLUMNS)
    assert len(measured) == 2
